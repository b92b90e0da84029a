import type { Random } from "./random.ts";

/** Draws `length` values from the normal distribution of mean 0 by the polar method (Marsaglia and Bray 1964). */
export function normals(length: number, deviation: number, random: Random): Float32Array {
  const out = new Float32Array(length);
  for (let i = 0; i < length; i += 2) {
    let [x, y, square] = [0, 0, 0];
    do {
      x = 2 * random() - 1;
      y = 2 * random() - 1;
      square = x * x + y * y;
    } while (square === 0 || square >= 1);
    const scale = deviation * Math.sqrt((-2 * Math.log(square)) / square);
    out[i] = x * scale;
    // If the length is odd, the last write is beyond the end of the array and has no effect.
    out[i + 1] = y * scale;
  }
  return out;
}
