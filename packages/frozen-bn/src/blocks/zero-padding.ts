import type { LayerLike } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { CallableLayer } from "../layers/callable-layer.ts";
import { computeAndRelease } from "./release-gradients.ts";

interface ZeroPadding extends CallableLayer {
  /** Top and bottom, left and right. */
  readonly padding: readonly [[number, number], [number, number]];
}

export function isZeroPadding(layer: LayerLike): layer is ZeroPadding {
  return layer.getClassName() === "ZeroPadding2D" && (layer as { dataFormat?: string }).dataFormat === "channelsLast";
}

/** Zeros around the image; its gradient cuts them off again. Keeps nothing, where stock tfjs keeps the input. */
export function zeroPad(x: tf.Tensor, { padding: [rows, columns] }: ZeroPadding): tf.Tensor {
  const { shape } = x;
  const op = tf.customGrad((input) => ({
    value: tf.pad(input as tf.Tensor, [[0, 0], rows, columns, [0, 0]]),
    gradFunc: (dy) =>
      computeAndRelease(dy as tf.Tensor, [], () => [tf.slice(dy as tf.Tensor, [0, rows[0], columns[0], 0], shape)]),
  }));
  return op(x);
}
