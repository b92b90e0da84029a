import * as tf from "@tensorflow/tfjs-core";

/** Progress of compiling shaders. */
export interface PrecompileProgress {
  /** Shaders that are compiled or have failed. */
  readonly done: number;
  /** Shaders of the step that were not compiled before. */
  readonly total: number;
}

/**
 * Runs `step` and disposes its result, while kernels compile their shaders and compute nothing. Variables do not change
 * meanwhile, because the values that are assigned to them are not computed.
 *
 * @param flag tfjs's own flag for this mode of the current backend.
 */
export function compileOnly(flag: string, step: () => unknown): void {
  const { assign } = tf.Variable.prototype;
  tf.Variable.prototype.assign = () => {};
  tf.env().set(flag, true);
  try {
    tf.tidy(() => {
      tf.dispose(step() as tf.TensorContainer);
    });
  } finally {
    tf.env().set(flag, false);
    tf.Variable.prototype.assign = assign;
  }
}
