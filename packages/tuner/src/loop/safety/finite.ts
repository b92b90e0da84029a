import { runFused, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/**
 * Returns a scalar that is finite only if every element is. It may also overflow, so each tensor is then checked by itself. Uses one
 * kernel for all tensors if the backend has it: the scalar is then their L2 norm. Else it is their sum.
 */
export function finiteNorm(tensors: readonly tf.Tensor[]): tf.Tensor {
  const out = tf.scalar(0);
  if (tensors.length === 0 || runFused("GraftGlobalNorm", { tensors, out })) return out;
  return tf.addN(tensors.map((tensor) => tf.sum(tensor)));
}

/** Like {@link notFinite} for float tensors that are most likely finite: then it costs at most one read from the device. */
export async function notFiniteInOneRead(tensors: TensorMap): Promise<string[]> {
  // The cpu backend returns its own array at once, and a plain loop is ten times as fast as its kernels.
  if (tf.getBackend() === "cpu") {
    return Object.keys(tensors).filter((name) => !finiteArray((tensors[name] as tf.Tensor).dataSync()));
  }
  const check = tf.tidy(() => finiteNorm(Object.values(tensors)));
  const size = (await check.data())[0] as number;
  check.dispose();
  return Number.isFinite(size) ? [] : notFinite(tensors);
}

function finiteArray(values: ArrayLike<number>): boolean {
  let sum = 0;
  // x − x is 0 for every finite number and NaN for the others.
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) - (values[i] as number);
  return sum === 0;
}

/** Returns the names of the tensors with an element that is not finite. */
export async function notFinite(tensors: TensorMap): Promise<string[]> {
  const names: string[] = [];
  for (const [name, tensor] of Object.entries(tensors)) {
    const finite = tf.tidy(() => tf.all(tf.isFinite(tensor)));
    if ((await finite.data())[0] === 0) names.push(name);
    finite.dispose();
  }
  return names;
}
