import { seeded } from "@graftjs/core";

/**
 * Makes a seed for `tf.randomUniform` from a seed, a step and names. A resumed run gets the same seed, and the order of tasks
 * or parameters does not matter. The seed is at least 1, because tfjs treats 0 as no seed.
 */
export function tensorSeed(...words: readonly (string | number)[]): number {
  return 1 + Math.floor(seeded(...words)() * (2 ** 31 - 2));
}
