import { packB } from "./pack";
import { at, zero } from "./simd";
import { A_PANEL, EDGE, KC, NC, tilePacked } from "./tile";

/**
 * Computes the filter gradient of conv2d: dW[(tap, channel)][o] = Σ over pixels of x[pixel at tap][channel] · dy[pixel][o].
 *
 * It is a matrix product of im2col(x)ᵀ and dy. im2col(x) is not stored: the panels of 4 rows that a tile needs, [pixel][4], are
 * packed directly from x, KC output pixels at a time.
 *
 * Rows [from, to) of dW are computed; row = tap · channels + channel.
 */
export function convFilterGradient(
  x: usize, dy: usize, dw: usize, batch: i32, height: i32, width: i32, channels: i32,
  outHeight: i32, outWidth: i32, outs: i32, filterWidth: i32, strideY: i32, strideX: i32,
  dilationY: i32, dilationX: i32, top: i32, left: i32, from: i32, to: i32, scratch: usize,
): void {
  const panelA = scratch + A_PANEL;
  const edge = scratch + EDGE;
  const pixels = batch * outHeight * outWidth;
  const ldc = (<usize>outs) << 2;
  for (let j0 = 0; j0 < outs; j0 += NC) {
    const nc = min(NC, outs - j0);
    for (let p0 = 0; p0 < pixels; p0 += KC) {
      const kc = min(KC, pixels - p0);
      packB(at(dy, p0 * outs + j0), outs, kc, nc, scratch);
      for (let m = from; m < to; m += 4) {
        const rows = min(4, to - m);
        const channel = m % channels;
        if (rows == 4 && channel + 4 <= channels) {
          packFourChannels(
            x, height, width, channels, outHeight, outWidth, m / channels, channel, filterWidth,
            strideY, strideX, dilationY, dilationX, top, left, p0, kc, panelA,
          );
        } else {
          for (let r = 0; r < 4; r++) {
            if (r < rows)
              packOneChannel(
                x, height, width, channels, outHeight, outWidth, (m + r) / channels, (m + r) % channels, filterWidth,
                strideY, strideX, dilationY, dilationX, top, left, p0, kc, at(panelA, r),
              );
            else for (let p = 0; p < kc; p++) store<f32>(at(panelA, 4 * p + r), 0);
          }
        }
        for (let j = 0; j < nc; j += 8)
          tilePacked(panelA, at(scratch, j * kc), kc, at(dw, m * outs + j0 + j), ldc, rows, min(8, nc - j), p0 > 0, edge);
      }
    }
  }
}

/** Packs four neighbouring channels of one tap, by one vector load per pixel. Padding becomes zeros. */
function packFourChannels(
  x: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, tap: i32, channel: i32,
  filterWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, top: i32, left: i32,
  firstPixel: i32, count: i32, out: usize,
): void {
  const tapY = (tap / filterWidth) * dilationY - top;
  const tapX = (tap % filterWidth) * dilationX - left;
  const step = (<usize>(strideX * channels)) << 2;
  let done = 0;
  while (done < count) {
    // A run is the rest of an output row or of the block, whichever is shorter.
    const pixel = firstPixel + done;
    const line = pixel / outWidth;
    const ox = pixel - line * outWidth;
    const image = line / outHeight;
    const run = min(outWidth - ox, count - done);
    const iy = (line - image * outHeight) * strideY + tapY;
    let i = 0;
    if (iy >= 0 && iy < height) {
      let ix = ox * strideX + tapX;
      for (; i < run && ix < 0; i++, ix += strideX, out += 16) v128.store(out, zero());
      let p = at(x, ((image * height + iy) * width + ix) * channels + channel);
      for (; i < run && ix < width; i++, ix += strideX, out += 16, p += step) v128.store(out, v128.load(p));
    }
    for (; i < run; i++, out += 16) v128.store(out, zero());
    done += run;
  }
}

/** Packs one row of a panel, for channels that are not a group of four. It writes every fourth float. */
function packOneChannel(
  x: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, tap: i32, channel: i32,
  filterWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, top: i32, left: i32,
  firstPixel: i32, count: i32, out: usize,
): void {
  const tapY = (tap / filterWidth) * dilationY - top;
  const tapX = (tap % filterWidth) * dilationX - left;
  let done = 0;
  while (done < count) {
    const pixel = firstPixel + done;
    const line = pixel / outWidth;
    const ox = pixel - line * outWidth;
    const image = line / outHeight;
    const run = min(outWidth - ox, count - done);
    const iy = (line - image * outHeight) * strideY + tapY;
    const inside = iy >= 0 && iy < height;
    const row = at(x, (image * height + iy) * width * channels + channel);
    let ix = ox * strideX + tapX;
    for (let i = 0; i < run; i++, ix += strideX, out += 16)
      store<f32>(out, inside && ix >= 0 && ix < width ? load<f32>(at(row, ix * channels)) : 0);
    done += run;
  }
}
