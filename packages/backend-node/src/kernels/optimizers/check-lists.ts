import { type Tensor, util } from "@tensorflow/tfjs-core";

/**
 * Checks that every list has as many tensors as `variables`, all float32 and with the same shapes. Call it before anything is
 * computed, so that a wrong call changes nothing.
 *
 * @param name name of the first list in the message. @default "variables"
 * @throws TypeError that lists all problems.
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
