import { OptionsError } from "@graftjs/core";

/**
 * Returns an error that names the problem if tfjs cannot compute the gradient of a loss. Returns other errors unchanged. Layers are
 * examined before the first step, so the op is in a loss, or in a model of plain functions.
 *
 * @param output the output whose loss it is, if a step has one gradient per output.
 */
export function explained(cause: unknown, output?: string): unknown {
  const message = (cause as Error | undefined)?.message ?? "";
  const op = /gradient function not found for (\w+)/.exec(message)?.[1];
  if (op !== undefined)
    return new OptionsError(
      `The loss${output === undefined ? "" : ` of output \`${output}\``} or the model's function cannot be trained: tfjs has no gradient for \`${op}\`.`,
      "Write it with other ops. No step was taken.",
      { cause },
    );
  if (output !== undefined && message.startsWith("Cannot find a connection between any variable"))
    return new OptionsError(
      `The loss of output \`${output}\` depends on no trained parameter.`,
      "Compute it from the predictions, with tensor ops.",
      { cause },
    );
  return cause;
}
