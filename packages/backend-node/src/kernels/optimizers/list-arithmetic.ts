import type { NativeTensor } from "../../load/native-backend-types.ts";
import type { Native, RunGraft } from "../native.ts";

/** Arithmetic on lists of tensors, with one call per list. */
export interface ListArithmetic {
  /** Returns the norm of each tensor as a number. */
  norms(ids: readonly number[]): Float32Array;
  /** Computes p·x + q·y for each pair of tensors. */
  blend(
    x: readonly number[],
    y: readonly number[],
    p: readonly number[],
    q: readonly number[],
    shapes: readonly (readonly number[])[],
  ): NativeTensor[];
}

/** Returns list arithmetic by our own kernels. */
export function listArithmetic(native: Native, runGraft: RunGraft): ListArithmetic {
  return {
    norms(ids) {
      if (ids.length === 0) return new Float32Array(0);
      const [norms] = runGraft("norms", ids, [ids.length], [[ids.length]]) as [NativeTensor];
      const values = native.backend.binding.tensorDataSync(norms.id) as Float32Array;
      native.free(norms);
      return values;
    },
    blend: (x, y, p, q, shapes) => runGraft("blend", [...x, ...y], [x.length, ...p, ...q], shapes),
  };
}
