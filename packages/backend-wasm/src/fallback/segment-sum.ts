import * as tf from "@tensorflow/tfjs-core";

/**
 * Sums the rows of x by segment. Rows with an id outside [0, numSegments) are dropped, as on cpu. Stock ScatterNd would write
 * them outside its output, so they are added to one extra row, which is cut off.
 */
export function segmentSum(x: tf.Tensor, segmentIds: tf.Tensor, numSegments: number): tf.Tensor {
  const rows = segmentIds.size;
  const columns = rows === 0 ? 0 : x.size / rows;
  const shape = [numSegments, ...x.shape.slice(segmentIds.rank)];
  if (x.size === 0 || numSegments === 0) return tf.zeros(shape, x.dtype);
  const inside = tf.logicalAnd(tf.greaterEqual(segmentIds, 0), tf.less(segmentIds, numSegments));
  const ids = tf.where(inside, segmentIds, tf.fill(segmentIds.shape, numSegments, "int32"));
  const sums = tf.scatterND(tf.reshape(ids, [rows, 1]) as tf.Tensor2D, tf.reshape(x, [rows, columns]), [
    numSegments + 1,
    columns,
  ]);
  return tf.reshape(tf.slice(sums, [0, 0], [numSegments, columns]), shape);
}
