import type { Tensor } from "@tensorflow/tfjs-core";
import { util } from "@tensorflow/tfjs-core";

/**
 * Throws unless every list runs parallel to `variables` with float32 tensors of the same shapes: before anything is
 * computed, so that a wrong call changes nothing.
 */
export function checkLists(
  kernel: string,
  variables: readonly Tensor[],
  lists: Readonly<Record<string, readonly Tensor[]>>,
): void {
  const problems: string[] = [];
  for (const [name, tensors] of Object.entries({ variables, ...lists })) {
    if (tensors.length !== variables.length)
      problems.push(`${name} has ${tensors.length} tensors for ${variables.length} variables`);
    tensors.forEach((tensor, i) => {
      const shape = variables[i]?.shape;
      if (tensor.isDisposed) problems.push(`${name}[${i}] is disposed`);
      else if (tensor.dtype !== "float32") problems.push(`${name}[${i}] is ${tensor.dtype}, not float32`);
      else if (shape && !util.arraysEqual(tensor.shape, shape))
        problems.push(`${name}[${i}] has shape [${tensor.shape}], its variable [${shape}]`);
    });
  }
  if (problems.length > 0) throw new TypeError(`${kernel}: ${problems.join("; ")}.`);
}
