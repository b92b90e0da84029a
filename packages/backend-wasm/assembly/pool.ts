import { at, fill, fma } from "./simd";

/**
 * Computes the gradient of max pooling. In each window the first maximum, in row-major order, gets all of dy, as in tfjs's cpu
 * backend. A window with only NaN has no maximum, and its dy is dropped.
 *
 * Images [from, to) are computed.
 */
export function maxPoolGradient(
  x: usize, dy: usize, dx: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  filterHeight: i32, filterWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32,
  top: i32, left: i32, from: i32, to: i32,
): void {
  const image = height * width * channels;
  fill(at(dx, from * image), (to - from) * image, 0);
  for (let b = from; b < to; b++)
    for (let y = 0; y < outHeight; y++)
      for (let o = 0; o < outWidth; o++) {
        const y0 = y * strideY - top;
        const x0 = o * strideX - left;
        const d = at(dy, ((b * outHeight + y) * outWidth + o) * channels);
        let c = 0;
        for (; c + 4 <= channels; c += 4) {
          let best = f32x4.splat(-Infinity);
          let winner = i32x4.splat(-1);
          for (let i = 0; i < filterHeight; i++) {
            const iy = y0 + i * dilationY;
            if (iy < 0 || iy >= height) continue;
            for (let j = 0; j < filterWidth; j++) {
              const ix = x0 + j * dilationX;
              if (ix < 0 || ix >= width) continue;
              const pixel = (b * height + iy) * width + ix;
              const v = v128.load(at(x, pixel * channels + c));
              const better = f32x4.gt(v, best);
              best = v128.bitselect(v, best, better);
              winner = v128.bitselect(i32x4.splat(pixel), winner, better);
            }
          }
          give(dx, i32x4.extract_lane(winner, 0), channels, c, d);
          give(dx, i32x4.extract_lane(winner, 1), channels, c + 1, d);
          give(dx, i32x4.extract_lane(winner, 2), channels, c + 2, d);
          give(dx, i32x4.extract_lane(winner, 3), channels, c + 3, d);
        }
        for (; c < channels; c++) {
          let best: f32 = -Infinity;
          let winner = -1;
          for (let i = 0; i < filterHeight; i++) {
            const iy = y0 + i * dilationY;
            if (iy < 0 || iy >= height) continue;
            for (let j = 0; j < filterWidth; j++) {
              const ix = x0 + j * dilationX;
              if (ix < 0 || ix >= width) continue;
              const pixel = (b * height + iy) * width + ix;
              const v = load<f32>(at(x, pixel * channels + c));
              if (v > best) {
                best = v;
                winner = pixel;
              }
            }
          }
          give(dx, winner, channels, c, d);
        }
      }
}

/** Adds dy of one channel to a pixel of dx. A negative `pixel` means that there is none. */
// @ts-ignore: decorator
@inline
function give(dx: usize, pixel: i32, channels: i32, channel: i32, d: usize): void {
  if (pixel >= 0) {
    const target = at(dx, pixel * channels + channel);
    store<f32>(target, load<f32>(target) + load<f32>(at(d, channel)));
  }
}

/**
 * Computes the gradient of average pooling. Every pixel of a window gets dy divided by the number of the window's pixels
 * inside the image, by which the forward pass divides too.
 *
 * Images [from, to) are computed.
 */
export function avgPoolGradient(
  dy: usize, dx: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  filterHeight: i32, filterWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32,
  top: i32, left: i32, from: i32, to: i32,
): void {
  const image = height * width * channels;
  fill(at(dx, from * image), (to - from) * image, 0);
  for (let b = from; b < to; b++)
    for (let y = 0; y < outHeight; y++)
      for (let o = 0; o < outWidth; o++) {
        // The taps [i0, i1) × [j0, j1) lie inside the image.
        const y0 = y * strideY - top;
        const x0 = o * strideX - left;
        const i0 = steps(-y0, dilationY), i1 = min(filterHeight, steps(height - y0, dilationY));
        const j0 = steps(-x0, dilationX), j1 = min(filterWidth, steps(width - x0, dilationX));
        if (i1 <= i0 || j1 <= j0) continue;
        const share: f32 = 1 / <f32>((i1 - i0) * (j1 - j0));
        const shares = f32x4.splat(share);
        const d = at(dy, ((b * outHeight + y) * outWidth + o) * channels);
        for (let i = i0; i < i1; i++)
          for (let j = j0; j < j1; j++) {
            const p = at(dx, ((b * height + y0 + i * dilationY) * width + x0 + j * dilationX) * channels);
            let c = 0;
            for (; c + 4 <= channels; c += 4) v128.store(at(p, c), fma(v128.load(at(d, c)), shares, v128.load(at(p, c))));
            for (; c < channels; c++) store<f32>(at(p, c), load<f32>(at(p, c)) + load<f32>(at(d, c)) * share);
          }
      }
}

/** Returns the number of steps of `size` from 0 that reach or pass `distance`. */
// @ts-ignore: decorator
@inline
function steps(distance: i32, size: i32): i32 {
  return distance <= 0 ? 0 : (distance + size - 1) / size;
}
