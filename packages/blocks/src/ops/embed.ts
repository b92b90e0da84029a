import * as tf from "@tensorflow/tfjs-core";

/**
 * Looks up rows of a table.
 *
 * @param ids [...], whole numbers from 0 to size − 1, any dtype
 * @param table [size, width]
 * @returns [..., width]
 */
export function embed(ids: tf.Tensor, table: tf.Tensor): tf.Tensor {
  const rows = tf.gather(table, tf.reshape(tf.cast(ids, "int32"), [-1]) as tf.Tensor1D);
  return tf.reshape(rows, [...ids.shape, table.shape[1] as number]);
}
