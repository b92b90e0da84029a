import * as tf from "@tensorflow/tfjs-core";
import { outputAxis, type Target } from "../targets/target.ts";

/** Reshapes [outputs] so that it scales the outputs of a kernel. */
export function perOutput({ kind, weight }: Target, values: tf.Tensor): tf.Tensor {
  const axis = outputAxis(kind, weight.shape.length);
  return tf.reshape(
    values,
    weight.shape.map((_, i) => (i === axis ? values.size : 1)),
  );
}
