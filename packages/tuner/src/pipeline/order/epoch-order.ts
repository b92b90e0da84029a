import { permutation, seeded } from "../../random/random.ts";

/**
 * The order in which `fineTune` sees `n` examples in an epoch: a function of seed and epoch alone, so that another trainer can
 * be given the same batches.
 */
export function epochOrder(seed: number, epoch: number, n: number): Int32Array {
  return permutation(n, seeded(seed, "shuffle", epoch));
}
