import type { Tensor } from "@tensorflow/tfjs-core";
import { util } from "@tensorflow/tfjs-core";

/**
 * Throws unless every list runs parallel to `variables` with float32 tensors of the same shapes: before anything is
 * computed, so that a wrong call changes nothing.
 *
 * @param name what the message calls the first list.
 */
export function checkLists(
  kernel: string,
  variables: readonly Tensor[],
  lists: Readonly<Record<string, readonly Tensor[]>>,
  name = "variables",
): void {
  const problems: string[] = [];
  for (const [list, tensors] of Object.entries({ [name]: variables, ...lists })) {
    if (tensors.length !== variables.length)
      problems.push(`${list} has ${tensors.length} tensors for ${variables.length} ${name}`);
    tensors.forEach((tensor, i) => {
      const shape = variables[i]?.shape;
      if (tensor.isDisposed) problems.push(`${list}[${i}] is disposed`);
      else if (tensor.dtype !== "float32") problems.push(`${list}[${i}] is ${tensor.dtype}, not float32`);
      else if (shape && !util.arraysEqual(tensor.shape, shape))
        problems.push(`${list}[${i}] has shape [${tensor.shape}], ${name}[${i}] [${shape}]`);
    });
  }
  if (problems.length > 0) throw new TypeError(`${kernel}: ${problems.join("; ")}.`);
}
