import * as tf from "@tensorflow/tfjs-core";
import { ACTIVATION_FUNCTIONS } from "./activation-functions.ts";
import { stockClass } from "./base.ts";
import { bidirectionalClass } from "./bidirectional.ts";
import { KerasCategoryEncoding } from "./category-encoding.ts";
import { convolutionClasses } from "./convolution.ts";
import { depthwiseClass } from "./depthwise.ts";
import { KerasELU, KerasReLU, KerasSoftmax, KerasUnitNormalization } from "./elementwise.ts";
import { gruClasses } from "./gru.ts";
import { spatialDropoutClass } from "./noise.ts";
import { KerasLayerScale, KerasNormalization } from "./normalization.ts";
import { KerasOperation } from "./operation.ts";
import { KerasGlobalPooling, KerasLength } from "./pooling.ts";
import { KerasResize } from "./resize.ts";

type Class = tf.serialization.SerializableConstructor<tf.serialization.Serializable>;

/**
 * Registers the layers and activations of Keras that tfjs-layers lacks, so that `tf.loadLayersModel` can read a saved model that
 * has them. Graft's own loaders call it. Calling it again does nothing.
 */
export function registerKerasLayers(): void {
  if (stockClass(KerasReLU.className)) return;
  const layers = [
    ...[KerasReLU, KerasELU, KerasSoftmax, KerasUnitNormalization, KerasGlobalPooling, KerasLength, KerasResize],
    ...[KerasNormalization, KerasLayerScale, KerasOperation, KerasCategoryEncoding],
  ] as unknown as Class[];
  const activations = Object.entries(ACTIVATION_FUNCTIONS).map(([name, apply]) => activationClass(name, apply));
  const extending = [
    ...convolutionClasses(),
    ...gruClasses(),
    depthwiseClass(),
    spatialDropoutClass(),
    bidirectionalClass(),
  ];
  for (const type of [...layers, ...extending, ...activations]) tf.serialization.registerClass(type);
}

/** Creates the class of an activation as tfjs-layers looks it up: by `className`, with a method `apply`. */
function activationClass(className: string, apply: (x: tf.Tensor) => tf.Tensor): Class {
  return class extends tf.serialization.Serializable {
    static readonly className = className;

    apply(x: tf.Tensor): tf.Tensor {
      return tf.tidy(() => apply(x));
    }

    getConfig(): tf.serialization.ConfigDict {
      return {};
    }
  } as unknown as Class;
}
