/**
 * A number in [0, 1) that depends on the key and on nothing else: FNV-1a, then MurmurHash3's finalizer.
 *
 * What is random draws from (seed, step, names), so that a resumed run draws the same, and the order in which tasks or
 * parameters are listed changes nothing.
 */
export function keyedRandom(...key: readonly (string | number)[]): number {
  let h = 0x811c9dc5;
  for (const char of key.join("\u0000")) h = Math.imul(h ^ (char.codePointAt(0) as number), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** A seed for tf.randomUniform from such a key: never 0, which tfjs takes for no seed. */
export function keyedSeed(...key: readonly (string | number)[]): number {
  return 1 + Math.floor(keyedRandom(...key) * (2 ** 31 - 2));
}
