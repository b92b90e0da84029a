import { permutation, seeded } from "../../random/random.ts";

/**
 * Returns the order in which `fineTune` uses `n` examples in an epoch. It depends only on seed and epoch, so you can give another
 * trainer the same batches.
 */
export function epochOrder(seed: number, epoch: number, n: number): Int32Array {
  return permutation(n, seeded(seed, "shuffle", epoch));
}
