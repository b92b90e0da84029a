import { type HookedOptimizer, mapTree, type OptimizerState, type TensorMap, visitTensors } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { notFiniteInOneRead } from "./finite.ts";

/**
 * Takes a step that is not in place, and undoes it if a weight or the rule's state is not finite afterwards. The former values are
 * held, not copied: such a step writes new tensors.
 *
 * @param take calls the optimizer. Its fused kernels must be off.
 * @returns the names of the parameters whose values or state were not finite. Empty if the step is kept.
 */
export async function undoableStep(optimizer: HookedOptimizer, take: () => void): Promise<readonly string[]> {
  const { active, step } = optimizer;
  const weights = active.map(({ variable }) => tf.keep(tf.clone(variable)));
  const before = optimizer.state && mapTree(optimizer.state, (tensor) => tf.keep(tf.clone(tensor)));
  let undone = false;
  try {
    take();
    const wrong = await notFiniteInOneRead(valuesOf(optimizer));
    if (wrong.length > 0) {
      undone = true;
      active.forEach(({ variable }, i) => {
        variable.assign(weights[i] as tf.Tensor);
      });
      optimizer.replaceState(before, step);
    }
    return wrong;
  } finally {
    tf.dispose(weights);
    if (before && !undone) visitTensors(before, (tensor) => tensor.dispose());
  }
}

/** Returns weights by parameter name, and the float tensors of the rule's state by their path. */
function valuesOf({ active, state }: HookedOptimizer): TensorMap {
  const values: Record<string, tf.Tensor> = {};
  visitTensors((state as OptimizerState).rule, (tensor, path) => {
    if (tensor.dtype === "float32") values[path] = tensor;
  });
  for (const { name, variable } of active) values[name] = variable;
  return values;
}
