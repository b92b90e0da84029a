import type { CallableLayer, LayerLike } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { computeAndRelease } from "./release-gradients.ts";

interface ZeroPadding extends CallableLayer {
  /** [[top, bottom], [left, right]]. */
  readonly padding: readonly [[number, number], [number, number]];
}

/** Tells whether a layer is `ZeroPadding2D` with the channels last. */
export function isZeroPadding(layer: LayerLike): layer is ZeroPadding {
  return layer.getClassName() === "ZeroPadding2D" && (layer as { dataFormat?: string }).dataFormat === "channelsLast";
}

/** Adds zeros around an image [N, H, W, C]. Its gradient cuts them off. It keeps nothing; stock tfjs keeps the input. */
export function zeroPad(x: tf.Tensor, { padding: [rows, columns] }: ZeroPadding): tf.Tensor {
  const { shape } = x;
  const op = tf.customGrad((input) => ({
    value: tf.pad(input as tf.Tensor, [[0, 0], rows, columns, [0, 0]]),
    gradFunc: (dy) =>
      computeAndRelease(dy as tf.Tensor, [], () => [tf.slice(dy as tf.Tensor, [0, rows[0], columns[0], 0], shape)]),
  }));
  return op(x);
}
