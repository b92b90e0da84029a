import type { CallableLayer } from "./layers-model.ts";
import { isSubclass } from "./subclass.ts";

/**
 * Stock layers whose output for an example depends only on that example and the layer's weights. They use no random numbers, no
 * memory and no batch statistics. All other layers are assumed to change from step to step.
 */
const PURE: ReadonlySet<string> = new Set([
  ...[
    "InputLayer",
    "Dense",
    "Activation",
    "ELU",
    "ReLU",
    "LeakyReLU",
    "PReLU",
    "Softmax",
    "ThresholdedReLU",
    "Masking",
  ],
  ...["Conv1D", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "DepthwiseConv2D", "SeparableConv2D"],
  ...["Cropping2D", "UpSampling2D", "ZeroPadding2D", "Flatten", "Permute", "RepeatVector", "Reshape", "Embedding"],
  ...["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Dot", "LayerNormalization"],
  ...["AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D"],
  ...["GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D"],
  ...["Rescaling", "CenterCrop", "Resizing", "CategoryEncoding"],
  ...["SimpleRNN", "GRU", "LSTM", "TimeDistributed", "Bidirectional"],
  // The layers of Keras that Graft adds, see `keras/layers`.
  ...["KerasReLU", "KerasELU", "KerasSoftmax", "KerasUnitNormalization", "KerasGlobalPooling", "KerasLength"],
  ...["KerasResize", "KerasNormalization", "KerasLayerScale", "KerasOperation", "KerasCategoryEncoding", "KerasConv1D"],
  ...["KerasConv2D", "KerasConv2DTranspose", "KerasDepthwiseConv2D", "KerasBidirectional", "KerasGRU"],
]);

/** Layers that have no effect if their rate is 0. */
const RANDOM: ReadonlySet<string> = new Set([
  "Dropout",
  "SpatialDropout1D",
  "GaussianNoise",
  "GaussianDropout",
  "AlphaDropout",
  "KerasSpatialDropout",
]);

/**
 * Returns the reason why the layer's output for the same example may change although none of its weights is trained.
 *
 * @param held whether a patch guarantees that the layer computes the same in training as in inference.
 * @param pure whether a patch guarantees that its replacement of `call` computes the same values.
 * @returns undefined if the output cannot change.
 */
export function impurity(layer: CallableLayer, held: boolean, pure = false): string | undefined {
  if (held) return undefined;
  const name = layer.getClassName();
  const config = layer.getConfig() as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(layer, "call") && !pure) return "its call was replaced";
  if (isSubclass(layer)) return `it is a subclass of ${name}`;
  if (layer.stateful || config.stateful === true) return "it is stateful";
  if (name === "BatchNormalization") return "batch norm in batch mode";
  if (RANDOM.has(name)) {
    return config.rate === 0 || config.stddev === 0 ? undefined : `${name} is random`;
  }
  if (!PURE.has(name)) return `${name} is not known to be deterministic`;
  const rates = [config.dropout, config.recurrentDropout].filter((rate) => typeof rate === "number" && rate > 0);
  if (rates.length > 0) return "it drops units at random";
  if (name === "Concatenate" && config.axis === 0) return "it combines examples of a batch";
  const inner = (layer as { readonly layer?: CallableLayer; readonly forwardLayer?: CallableLayer }).layer;
  const wrapped = inner ?? (layer as { readonly forwardLayer?: CallableLayer }).forwardLayer;
  return wrapped ? impurity(wrapped, false) : undefined;
}
