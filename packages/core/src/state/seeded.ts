/** Returns the next number in [0, 1). */
export type Random = () => number;

/**
 * Creates a random generator for one purpose. Equal words give equal numbers on every machine, and other words give
 * unrelated numbers.
 *
 * It is sfc32 (C. Doty-Humphrey, PractRand) with a hash of the words as its start. So `seeded(seed, step, name)` needs no
 * state in a checkpoint: a resumed run draws the same numbers. Seed 0 is valid, whereas `tf.randomUniform` treats it as none.
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
