import * as tf from "@tensorflow/tfjs-core";

/** The part of tfjs-core's engine that is asked when a gradient fails. Private to tfjs, the same in all of 4.x. */
interface EngineState {
  /** Gradients being recorded, nested ones each for itself. */
  readonly gradientDepth?: number;
  activeTape?: readonly { readonly saved?: readonly tf.Tensor[] }[] | null;
}

/**
 * `tf.variableGrads`, leaving nothing behind where `f` throws, or a gradient: tfjs keeps what each op saved for the backward pass,
 * and frees it only when that pass succeeds.
 *
 * @returns value and gradients, the caller's to dispose.
 */
export function gradientsOf(
  f: () => tf.Scalar,
  variables: tf.Variable[],
): { value: tf.Scalar; grads: tf.NamedTensorMap } {
  try {
    // Around the pass as well: the value of a forward pass that reaches none of the variables is nobody's.
    return tf.tidy(() => tf.variableGrads(f, variables));
  } catch (error) {
    freeTape();
    throw error;
  }
}

/** What tfjs does at the end of a backward pass that succeeds. Within another gradient the tape is that one's. */
function freeTape(): void {
  const { state } = tf.engine() as unknown as { readonly state: EngineState };
  if (state.gradientDepth !== 0 || !state.activeTape) return;
  for (const { saved = [] } of state.activeTape) tf.dispose([...saved]);
  state.activeTape = null;
}
