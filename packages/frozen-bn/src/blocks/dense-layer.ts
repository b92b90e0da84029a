import * as tf from "@tensorflow/tfjs-core";
import {
  addBiasAndActivate,
  type LinearLayer,
  type LinearLayerFields,
  layerAndWeights,
  sumOverAllButLast,
} from "./linear-layer.ts";

/** Describes a Dense layer. Its input can have more than two axes; the last one is multiplied. */
export function dense(layer: LinearLayerFields): LinearLayer {
  return {
    ...layerAndWeights(layer, layer.kernel),
    forward(x, kernel, bias, activation) {
      const rows = tf.reshape(x, [-1, kernel.shape[0] as number]);
      const y = tf.matMul(rows as tf.Tensor2D, kernel as tf.Tensor2D);
      return addBiasAndActivate(tf.reshape(y, [...x.shape.slice(0, -1), kernel.shape[1] as number]), bias, activation);
    },
    inputGradient(xShape, dy, kernel) {
      const rows = tf.reshape(dy, [-1, kernel.shape[1] as number]);
      return tf.reshape(tf.matMul(rows as tf.Tensor2D, kernel as tf.Tensor2D, false, true), xShape as number[]);
    },
    kernelGradient(x, dy, [from, to]) {
      const [inputs, outputs] = [tf.reshape(x, [-1, from as number]), tf.reshape(dy, [-1, to as number])];
      return tf.matMul(inputs as tf.Tensor2D, outputs as tf.Tensor2D, true);
    },
    perOutput: (scale) => scale,
    outputSum: sumOverAllButLast,
  };
}
