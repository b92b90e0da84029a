import type { NativeTensor } from "../../load/native-backend-types.ts";
import type { Native, RunGraft } from "../native.ts";

/** Arithmetic on lists of tensors, each list in one call. */
export interface ListArithmetic {
  /** ‖x‖ of each, read. */
  norms(ids: readonly number[]): Float32Array;
  /** p·x + q·y of each pair. */
  blend(
    x: readonly number[],
    y: readonly number[],
    p: readonly number[],
    q: readonly number[],
    shapes: readonly (readonly number[])[],
  ): NativeTensor[];
}

/** The {@link ListArithmetic} of our own kernels. */
export function listArithmetic(native: Native, own: RunGraft): ListArithmetic {
  return {
    norms(ids) {
      if (ids.length === 0) return new Float32Array(0);
      const [norms] = own(12, ids, [ids.length], [[ids.length]]) as [NativeTensor];
      const values = native.backend.binding.tensorDataSync(norms.id) as Float32Array;
      native.free(norms);
      return values;
    },
    blend: (x, y, p, q, shapes) => own(13, [...x, ...y], [x.length, ...p, ...q], shapes),
  };
}
