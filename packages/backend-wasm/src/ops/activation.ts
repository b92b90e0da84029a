import * as tf from "@tensorflow/tfjs-core";

/** Activations that a fused op computes together with its result. */
export type FusedActivation = "linear" | "relu" | "relu6";

/** Applies an activation by tfjs ops. */
export const activate = (x: tf.Tensor, activation: FusedActivation): tf.Tensor =>
  activation === "relu" ? tf.relu(x) : activation === "relu6" ? tf.relu6(x) : x;

/** Checks an op's activation. @throws Error if it is unknown */
export function assertActivation(op: string, activation: string): void {
  if (["linear", "relu", "relu6"].includes(activation)) return;
  throw new Error(
    `${op}: \`activation\` is "${activation}", expected "linear", "relu" or "relu6". Apply others after the op.`,
  );
}
