import { packBTransposed } from "./pack";
import { at, fill } from "./simd";
import { EDGE, KC, NC, tileRows } from "./tile";

/**
 * Computes the input gradient of conv2d: for each tap, dx[pixels the tap reads] += dy · W[tap]ᵀ.
 *
 * The rows of a tile are neighbouring output pixels. So dy is read without packing, and dx is written `strideX` pixels apart.
 * Only Wᵀ is packed, once per tap.
 *
 * Images [from, to) are computed.
 */
export function convInputGradient(
  dy: usize, w: usize, dx: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, outs: i32,
  filterHeight: i32, filterWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32,
  top: i32, left: i32, from: i32, to: i32, scratch: usize,
): void {
  const edge = scratch + EDGE;
  const image = height * width * channels;
  fill(at(dx, from * image), (to - from) * image, 0);
  const lda = (<usize>outs) << 2;
  const ldc = (<usize>(strideX * channels)) << 2;
  for (let i = 0; i < filterHeight; i++)
    for (let j = 0; j < filterWidth; j++) {
      // The output columns whose tap lies inside the image.
      const shift = j * dilationX - left;
      const first = shift < 0 ? (strideX - 1 - shift) / strideX : 0;
      if (shift >= width) continue;
      const last = min(outWidth - 1, (width - 1 - shift) / strideX);
      const count = last - first + 1;
      if (count <= 0) continue;
      const tap = at(w, (i * filterWidth + j) * channels * outs);
      for (let c0 = 0; c0 < channels; c0 += NC) {
        const nc = min(NC, channels - c0);
        for (let k0 = 0; k0 < outs; k0 += KC) {
          const kc = min(KC, outs - k0);
          packBTransposed(at(tap, c0 * outs + k0), outs, kc, nc, scratch);
          for (let b = from; b < to; b++)
            for (let y = 0; y < outHeight; y++) {
              const iy = y * strideY - top + i * dilationY;
              if (iy < 0 || iy >= height) continue;
              const source = at(dy, ((b * outHeight + y) * outWidth + first) * outs + k0);
              const target = at(dx, ((b * height + iy) * width + first * strideX + shift) * channels + c0);
              for (let m = 0; m < count; m += 4)
                for (let n = 0; n < nc; n += 8)
                  tileRows(
                    source + <usize>m * lda, lda, at(scratch, n * kc), kc, at(target + <usize>m * ldc, n), ldc,
                    min(4, count - m), min(8, nc - n), true, edge,
                  );
            }
        }
      }
    }
}
