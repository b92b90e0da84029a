import type { Param } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Target } from "../targets/target.ts";

/**
 * Makes a parameter beside a target's weight. It belongs to the layer of the weight.
 *
 * @param role last part of its name: `encoder/q/lora_a` for the weight `encoder/q/kernel`. If the layer has several targets, the
 *   weight's role comes before it: `lstm/recurrent_kernel.lora_a`.
 * @param value its first value. The variable takes it over.
 */
export function addedParam(target: Target, role: string, value: tf.Tensor, unitAxes: readonly number[]): Param {
  const { name, role: of, layer } = target.weight;
  const usual = of === "kernel" || of === "embeddings";
  const stem = usual ? name.slice(0, -of.length) : `${name}.`;
  const variable = tf.variable(value, true);
  value.dispose();
  return { name: stem + role, layer, role, shape: variable.shape, unitAxes, variable };
}
