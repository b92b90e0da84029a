import { type StoredTensor, tensorOf } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import type { Layout } from "./layouts.ts";

/** Types whose values a float32 variable can take. */
export const FLOATS: ReadonlySet<string> = new Set(["F32", "F16", "BF16", "F64"]);

/** Copies a tensor's values in the stored layout. */
export async function toStored(value: tf.Tensor, { order, shape }: Layout): Promise<StoredTensor> {
  const turned = tf.tidy(() => tf.transpose(value, [...order]));
  const { buffer, byteOffset, byteLength } = await turned.data<"float32">();
  turned.dispose();
  return { dtype: "F32", shape, data: new Uint8Array(buffer, byteOffset, byteLength).slice() };
}

/** Writes stored values into a variable. The caller has checked type and shape. */
export function assignStored(variable: tf.Variable, stored: StoredTensor, { order, suffix }: Layout): void {
  tf.tidy(() => {
    const values = tf.reshape(
      tensorOf(stored, suffix),
      order.map((axis) => variable.shape[axis] as number),
    );
    const back = order.map((_, axis) => order.indexOf(axis));
    variable.assign(tf.transpose(values, back));
  });
}
