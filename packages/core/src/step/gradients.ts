import * as tf from "@tensorflow/tfjs-core";

/** The part of tfjs-core's engine that is read when a gradient fails. Private to tfjs, and the same in all of 4.x. */
interface EngineState {
  /** Number of gradients being recorded. Nested ones count separately. */
  readonly gradientDepth?: number;
  activeTape?: readonly { readonly saved?: readonly tf.Tensor[] }[] | null;
}

/**
 * Runs `tf.variableGrads` and leaves no tensor behind if `f` or a gradient throws. tfjs keeps the tensors that each op
 * saved for the backward pass, and frees them only if that pass succeeds.
 *
 * @returns value and gradients. The caller disposes them.
 */
export function gradientsOf(
  f: () => tf.Scalar,
  variables: tf.Variable[],
): { value: tf.Scalar; grads: tf.NamedTensorMap } {
  try {
    // The tidy is around the pass too: if the forward pass reaches none of the variables, tfjs throws and keeps the value.
    return tf.tidy(() => tf.variableGrads(f, variables));
  } catch (error) {
    freeTape();
    throw error;
  }
}

/** Frees the tape, as tfjs does after a successful backward pass. Inside another gradient, the tape belongs to that one. */
function freeTape(): void {
  const { state } = tf.engine() as unknown as { readonly state: EngineState };
  if (state.gradientDepth !== 0 || !state.activeTape) return;
  for (const { saved = [] } of state.activeTape) tf.dispose([...saved]);
  state.activeTape = null;
}
