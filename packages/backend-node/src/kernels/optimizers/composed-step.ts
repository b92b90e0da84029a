import type { Tensor } from "@tensorflow/tfjs-core";
import type { NativeTensor } from "../../load/native-backend-types.ts";
import type { Native } from "../native.ts";
import { type Scalars, stepScalars } from "./step-scalars.ts";
import { pendingWrites } from "./write-tensor.ts";

/** Keeps a value for `tensor`, to be written when every value is known. Returns the value. */
export type AddWrite = (tensor: Tensor, value: NativeTensor) => NativeTensor;

/**
 * Takes a step that is composed of plain operations: subtracts an update from each variable. Nothing is written before all values are
 * computed, and an error frees them.
 *
 * @param updateOf returns the update of variable i, and adds the new values of its slots. The update is freed unless `owned` is false.
 */
export function composedStep(
  native: Native,
  variables: readonly Tensor[],
  updateOf: (i: number, scalars: Scalars, add: AddWrite) => NativeTensor & { readonly owned?: boolean },
): void {
  const writes = pendingWrites(native);
  const scalars = stepScalars(native);
  try {
    for (const [i, variable] of variables.entries()) {
      const update = updateOf(i, scalars, writes.add);
      writes.add(variable, native.execute("Sub", native.attr.float, [native.id(variable), update.id]));
      if (update.owned !== false) native.free(update);
    }
    writes.commit();
  } catch (cause) {
    writes.abandon();
    throw cause;
  } finally {
    scalars.free();
  }
}
