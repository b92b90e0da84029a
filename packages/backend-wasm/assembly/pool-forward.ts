import { at, loadSome, storeSome } from "./simd";

/**
 * Computes max pooling. NaN is skipped, and a window without numbers gives −∞, as in tfjs's cpu backend.
 *
 * Images [from, to) are computed.
 */
export function maxPool(
  x: usize, y: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  filterHeight: i32, filterWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32,
  top: i32, left: i32, from: i32, to: i32,
): void {
  for (let b = from; b < to; b++)
    for (let r = 0; r < outHeight; r++)
      for (let o = 0; o < outWidth; o++) {
        const y0 = r * strideY - top;
        const x0 = o * strideX - left;
        const target = at(y, ((b * outHeight + r) * outWidth + o) * channels);
        for (let c = 0; c < channels; c += 4) {
          // If the number of channels is not a multiple of four, the last vector overlaps the one before it.
          if (c + 4 > channels && channels >= 4) c = channels - 4;
          let best = f32x4.splat(-Infinity);
          for (let i = 0; i < filterHeight; i++) {
            const iy = y0 + i * dilationY;
            if (iy < 0 || iy >= height) continue;
            for (let j = 0; j < filterWidth; j++) {
              const ix = x0 + j * dilationX;
              if (ix < 0 || ix >= width) continue;
              const source = at(x, ((b * height + iy) * width + ix) * channels + c);
              // pmax returns its first operand unless the second is greater, and a NaN never is.
              best = f32x4.pmax(best, channels >= 4 ? v128.load(source) : loadSome(source, channels));
            }
          }
          if (channels >= 4) v128.store(at(target, c), best);
          else storeSome(target, best, channels);
        }
      }
}

/**
 * Computes average pooling over the pixels of a window that lie inside the image. A window without any gives NaN, as on cpu.
 *
 * Images [from, to) are computed.
 */
export function avgPool(
  x: usize, y: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  filterHeight: i32, filterWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32,
  top: i32, left: i32, from: i32, to: i32,
): void {
  for (let b = from; b < to; b++)
    for (let r = 0; r < outHeight; r++)
      for (let o = 0; o < outWidth; o++) {
        const y0 = r * strideY - top;
        const x0 = o * strideX - left;
        const target = at(y, ((b * outHeight + r) * outWidth + o) * channels);
        for (let c = 0; c < channels; c += 4) {
          if (c + 4 > channels && channels >= 4) c = channels - 4;
          let sum = f32x4.splat(0);
          let count: f32 = 0;
          for (let i = 0; i < filterHeight; i++) {
            const iy = y0 + i * dilationY;
            if (iy < 0 || iy >= height) continue;
            for (let j = 0; j < filterWidth; j++) {
              const ix = x0 + j * dilationX;
              if (ix < 0 || ix >= width) continue;
              const source = at(x, ((b * height + iy) * width + ix) * channels + c);
              sum = f32x4.add(sum, channels >= 4 ? v128.load(source) : loadSome(source, channels));
              count += 1;
            }
          }
          const mean = f32x4.div(sum, f32x4.splat(count));
          if (channels >= 4) v128.store(at(target, c), mean);
          else storeSome(target, mean, channels);
        }
      }
}
