import * as tf from "@tensorflow/tfjs-core";

/** An op that ran while gradients were recorded, as tfjs-core 4 keeps it. */
export interface TapeNode {
  readonly kernelName: string;
  readonly outputs: readonly tf.Tensor[];
  /** From the gradients at the outputs to one function an input. */
  gradient?: (dys: tf.Tensor[]) => { readonly [input: string]: () => tf.Tensor };
}

/** The tape of the gradient that is being recorded; empty outside one. Private to tfjs, so only read where an error is explained. */
export function gradientTape(): readonly TapeNode[] {
  const { state } = tf.engine() as unknown as { readonly state: { readonly activeTape?: readonly TapeNode[] } };
  return state.activeTape ?? [];
}
