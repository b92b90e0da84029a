import { at, fill, fma, zero } from "./simd";

/**
 * Computes the filter gradient of a depthwise convolution, dw[tap][channel · multiplier + q].
 *
 * The outer loop is over image rows. The few rows of x and dy that one row of taps needs stay in the first-level cache while
 * all channels are computed. In the inner loop, four channels and up to three taps of a filter row have their sums in
 * registers along the row.
 *
 * Channels [from, to) are computed; `from` is a multiple of 4.
 */
export function depthwiseFilterGradient(
  x: usize, dy: usize, dw: usize, batch: i32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  multiplier: i32, filterHeight: i32, filterWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32,
  top: i32, left: i32, from: i32, to: i32,
): void {
  const outs = channels * multiplier;
  for (let tap = 0; tap < filterHeight * filterWidth; tap++)
    fill(at(dw, tap * outs + from * multiplier), (to - from) * multiplier, 0);
  for (let b = 0; b < batch; b++)
    for (let y = 0; y < outHeight; y++)
      for (let i = 0; i < filterHeight; i++) {
        const iy = y * strideY - top + i * dilationY;
        if (iy < 0 || iy >= height) continue;
        const rowX = at(x, (b * height + iy) * width * channels);
        const rowY = at(dy, (b * outHeight + y) * outWidth * outs);
        const rowW = at(dw, i * filterWidth * outs);
        if (multiplier == 1)
          for (let c = from; c + 4 <= to; c += 4)
            for (let j = 0; j < filterWidth; j += 3)
              alongRow(
                at(rowX, c), at(rowY, c), at(rowW, j * channels + c), width, channels, outWidth,
                min(3, filterWidth - j), strideX, dilationX, j * dilationX - left,
              );
      }
  const vectors = multiplier == 1 ? from + ((to - from) & ~3) : from;
  for (let c = vectors; c < to; c++)
    for (let q = 0; q < multiplier; q++)
      for (let i = 0; i < filterHeight; i++)
        for (let j = 0; j < filterWidth; j++)
          store<f32>(
            at(dw, (i * filterWidth + j) * outs + c * multiplier + q),
            oneWeight(
              x, dy, batch, height, width, channels, outHeight, outWidth, outs, c, c * multiplier + q,
              strideY, strideX, i * dilationY - top, j * dilationX - left,
            ),
          );
}

/** Computes the gradient of one weight, for channels that do not fill a vector. It sums in float64, at no extra cost here. */
function oneWeight(
  x: usize, dy: usize, batch: i32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, outs: i32,
  channel: i32, out: i32, strideY: i32, strideX: i32, shiftY: i32, shiftX: i32,
): f32 {
  let sum: f64 = 0;
  for (let b = 0; b < batch; b++)
    for (let y = 0; y < outHeight; y++) {
      const iy = y * strideY + shiftY;
      if (iy < 0 || iy >= height) continue;
      const rowX = at(x, (b * height + iy) * width * channels + channel);
      const rowY = at(dy, (b * outHeight + y) * outWidth * outs + out);
      for (let o = 0, ix = shiftX; o < outWidth; o++, ix += strideX)
        if (ix >= 0 && ix < width) sum += <f64>load<f32>(at(rowX, ix * channels)) * <f64>load<f32>(at(rowY, o * outs));
    }
  return <f32>sum;
}

/**
 * Adds one row to the gradients of up to three neighbouring taps and four channels. `shift`: column of x that the first tap
 * reads for output 0.
 */
function alongRow(
  x: usize, dy: usize, dw: usize, width: i32, channels: i32, outWidth: i32, taps: i32, strideX: i32, dilationX: i32, shift: i32,
): void {
  let s0 = zero(), s1 = zero(), s2 = zero();
  // The outputs [first, last] have all taps inside the row and need no check.
  const reach = shift + (taps - 1) * dilationX;
  const first = min(outWidth, shift < 0 ? (strideX - 1 - shift) / strideX : 0);
  const last = width - 1 - reach < 0 ? -1 : min(outWidth - 1, (width - 1 - reach) / strideX);
  const stepX = (<usize>(strideX * channels)) << 2;
  const stepY = (<usize>channels) << 2;
  const nextTap = (<usize>(dilationX * channels)) << 2;
  for (let o = 0; o < outWidth; o++) {
    if (o == first && first <= last) {
      let p = at(x, (o * strideX + shift) * channels);
      let d = at(dy, o * channels);
      if (taps == 3) {
        for (; o <= last; o++, p += stepX, d += stepY) {
          const g = v128.load(d);
          s0 = fma(g, v128.load(p), s0);
          s1 = fma(g, v128.load(p + nextTap), s1);
          s2 = fma(g, v128.load(p + 2 * nextTap), s2);
        }
      } else {
        for (; o <= last; o++, p += stepX, d += stepY) {
          const g = v128.load(d);
          s0 = fma(g, v128.load(p), s0);
          if (taps > 1) s1 = fma(g, v128.load(p + nextTap), s1);
        }
      }
      if (o >= outWidth) break;
    }
    const g = v128.load(at(dy, o * channels));
    let ix = o * strideX + shift;
    if (ix >= 0 && ix < width) s0 = fma(g, v128.load(at(x, ix * channels)), s0);
    ix += dilationX;
    if (taps > 1 && ix >= 0 && ix < width) s1 = fma(g, v128.load(at(x, ix * channels)), s1);
    ix += dilationX;
    if (taps > 2 && ix >= 0 && ix < width) s2 = fma(g, v128.load(at(x, ix * channels)), s2);
  }
  v128.store(dw, f32x4.add(v128.load(dw), s0));
  if (taps > 1) v128.store(dw + stepY, f32x4.add(v128.load(dw + stepY), s1));
  if (taps > 2) v128.store(dw + 2 * stepY, f32x4.add(v128.load(dw + 2 * stepY), s2));
}
