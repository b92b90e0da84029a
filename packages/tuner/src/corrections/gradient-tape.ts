import * as tf from "@tensorflow/tfjs-core";

/** An op that ran while gradients were recorded, as tfjs-core 4 stores it. */
export interface TapeNode {
  readonly kernelName: string;
  readonly outputs: readonly tf.Tensor[];
  /** Takes the gradients of the outputs. Returns one function per input, which computes the gradient of that input. */
  gradient?: (dys: tf.Tensor[]) => { readonly [input: string]: () => tf.Tensor };
}

/** Returns the tape of the gradient that is being recorded, or an empty one. It is private to tfjs, so it is read only to explain errors. */
export function gradientTape(): readonly TapeNode[] {
  const { state } = tf.engine() as unknown as { readonly state: { readonly activeTape?: readonly TapeNode[] } };
  return state.activeTape ?? [];
}
