import type { Random } from "@graftjs/core";

/** Draws values from the uniform distribution between −bound and bound. */
export function uniform(length: number, bound: number, random: Random): Float32Array {
  return Float32Array.from({ length }, () => (2 * random() - 1) * bound);
}

/** Draws values from the normal distribution with mean 0 and deviation 1 (Box and Muller 1958). */
export function normal(length: number, random: Random): Float32Array {
  return Float32Array.from({ length }, () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
}
