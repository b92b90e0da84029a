/** Draws a number in [0, 1). The sequence depends only on the words that the generator was created from. */
export type Random = () => number;

/**
 * Creates a generator from words. The same words give the same numbers on every machine; other words give unrelated numbers.
 *
 * The words are hashed to seed sfc32 (C. Doty-Humphrey, PractRand). Code that uses `seeded(seed, epoch)` needs no state in a checkpoint,
 * because the position in the run determines the numbers. Seed 0 is valid (`tf.randomUniform` treats it as no seed).
 */
export function seeded(...words: readonly (number | string)[]): Random {
  let h = 0x9e3779b9;
  const mix = (word: number): void => {
    h = Math.imul(h ^ word, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
  };
  for (const word of words) {
    if (typeof word === "string") for (let i = 0; i < word.length; i++) mix(word.charCodeAt(i) + 1);
    else {
      mix(word | 0);
      mix(Math.floor(word / 0x1_0000_0000) | 0);
    }
    mix(0x2545f491);
  }
  const start = (salt: number): number => {
    mix(salt);
    return h;
  };
  let [a, b, c, d] = [start(1), start(2), start(3), 1];
  const next = (): number => {
    const t = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return (t >>> 0) / 0x1_0000_0000;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

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
