import { BackendError } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";

/** Lists of tensors that a fused kernel takes, by name. All have the same length. */
export type TensorLists = { readonly [name: string]: readonly tf.Tensor[] };

/**
 * Checks lengths, dtypes and sizes, and that no tensor is written twice. Call it before the first byte is written.
 *
 * @param written names of the lists that the kernel writes.
 * @throws BackendError that lists all problems.
 */
export function assertLists(kernel: string, lists: TensorLists, written: readonly string[]): void {
  const [first, ...rest] = Object.entries(lists);
  if (!first) return;
  const [firstName, reference] = first;
  const problems = rest
    .filter(([, tensors]) => tensors.length !== reference.length)
    .map(([name, tensors]) => `${name} has ${tensors.length} tensors, ${firstName} ${reference.length}`);
  for (const [name, tensors] of Object.entries(lists)) {
    tensors.forEach((tensor, i) => {
      if (!tensor || tensor.isDisposed) problems.push(`${name}[${i}] is disposed or missing`);
      else if (tensor.dtype !== "float32") problems.push(`${name}[${i}] is ${tensor.dtype}, not float32`);
      else if (reference[i] && tensor.size !== reference[i].size)
        problems.push(`${name}[${i}] has ${tensor.size} elements, ${firstName}[${i}] ${reference[i].size}`);
    });
  }
  const ids = written.flatMap((name) => (lists[name] ?? []).map((tensor) => tensor?.id));
  if (new Set(ids).size !== ids.length) problems.push("a tensor that is written occurs twice in the lists");
  if (problems.length > 0) {
    throw new BackendError(`${kernel}: ${problems.join("; ")}.`, "Nothing was written. See docs/fused-kernels.md.");
  }
}
