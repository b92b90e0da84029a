import { at, zero } from "./simd";

// Convolutions of 3×3 taps, stride 1, by Winograd's minimal filtering F(2×2, 3×3) (Lavin & Gray 2015, arXiv:1509.09308).
// A tile of 2×2 outputs reads a window d of 4×4 inputs. Windows of neighbouring tiles overlap by two pixels. Pixels outside
// the image are 0:
//
//   Y  = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A     one channel read, one written; [ ] is summed over the channels read
//   dg = Gᵀ [(Bᵀ d B) ⊙ (A dY Aᵀ)] G    its gradient for the filter; [ ] is summed over the tiles
//
//        1  0 −1  0          1  0  0
//   Bᵀ = 0  1  1  0     G =  ½  ½  ½     Aᵀ = 1  1  1  0
//        0 −1  1  0          ½ −½  ½          0  1 −1 −1
//        0  1  0 −1          0  0  1
//
// That takes 16 products; the definition takes 36. Each of the 16 positions in a transformed tile is one matrix product over
// channels and tiles. Channels are neighbours in memory. Every transform works on four of them at once, so their number must
// be a multiple of four.
//
// A NaN or an infinity spreads over its tile (∞ − ∞ is NaN), also to results that do not depend on it. A sum of transformed
// numbers may overflow up to 16 times earlier than the result. In both cases the result has a number that is not finite,
// because each transformed number of a tile contributes to one of its results. The kernels then set a flag, and the caller
// computes everything again by the direct kernel.

/** Width and height in pixels of a tile and of its window. */
export const TILE: i32 = 2;
export const WINDOW: i32 = 4;

/** Returns the bytes from one position to the next. With a power of two, all 16 would use the same few lines of the cache. */
// @ts-ignore: decorator
@inline
export function positionStep(numbers: i32): usize {
  return ((<usize>numbers) << 2) + 64;
}

/**
 * Returns the address of `size` × `size` pixels of an image from (y, x) on. If some lie outside the image, it is a copy in
 * `buffer` with zeros there.
 */
export function windowAt(
  image: usize, height: i32, width: i32, channels: i32, y: i32, x: i32, size: i32, buffer: usize,
): usize {
  if (y >= 0 && x >= 0 && y + size <= height && x + size <= width) return at(image, (y * width + x) * channels);
  let to = buffer;
  for (let i = y; i < y + size; i++)
    for (let j = x; j < x + size; j++) {
      const end = at(to, channels);
      if (i >= 0 && i < height && j >= 0 && j < width)
        for (let from = at(image, (i * width + j) * channels); to < end; to += 16, from += 16) v128.store(to, v128.load(from));
      else for (; to < end; to += 16) v128.store(to, zero());
    }
  return buffer;
}

/** Returns the bytes between the rows of a window that `windowAt` returned. */
// @ts-ignore: decorator
@inline
export function windowStep(window: usize, buffer: usize, width: i32, channels: i32, size: i32): usize {
  return (<usize>((window == buffer ? size : width) * channels)) << 2;
}

/** Computes the row (a, b, c, d) · B. Its numbers are stored `step` bytes apart. */
// @ts-ignore: decorator
@inline
export function windowRow(a: v128, b: v128, c: v128, d: v128, to: usize, step: usize): void {
  v128.store(to, f32x4.sub(a, c));
  v128.store(to + step, f32x4.add(b, c));
  v128.store(to + 2 * step, f32x4.sub(c, b));
  v128.store(to + 3 * step, f32x4.sub(b, d));
}

/** Returns a vector with no bit set if all four numbers are finite. */
// @ts-ignore: decorator
@inline
export function notFinite(v: v128): v128 {
  return f32x4.sub(v, v);
}
