import type { Random } from "@graftjs/core";

export { type Random, seeded } from "@graftjs/core";

/** Returns the numbers 0 … n − 1 in a random order (Fisher and Yates). */
export function permutation(n: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const swapped = order[i] as number;
    order[i] = order[j] as number;
    order[j] = swapped;
  }
  return order;
}

/**
 * Runs `fn` while `Math.random` draws from `random`.
 *
 * tfjs seeds dropout and noise layers from `Math.random`, which cannot be seeded. `fn` is synchronous, so no other code runs while
 * `Math.random` is replaced.
 */
export function withRandom<T>(random: Random, fn: () => T): T {
  const { random: before } = Math;
  Math.random = random;
  try {
    return fn();
  } finally {
    Math.random = before;
  }
}
