/** How one class of tfjs-layers is written for Keras 3. */
export interface KerasRule {
  /** Class in Keras. @default the same name */
  readonly as?: string;
  /** Options that Keras has under the same name. */
  readonly keeps?: readonly string[];
  /** Options with another name in Keras. */
  readonly renames?: Readonly<Record<string, string>>;
  /** Options that Keras has and tfjs-layers does not. */
  readonly adds?: Readonly<Record<string, unknown>>;
  /** Values that mean the same in Keras. An option with another value is refused, with the way out. */
  readonly only?: Readonly<Record<string, { readonly values: readonly unknown[]; readonly hint: string }>>;
}

const bounds = (...weights: readonly string[]): string[] =>
  weights.flatMap((name) => [`${name}_regularizer`, `${name}_constraint`]);
const SPACE = ["kernel_size", "strides", "padding", "data_format", "dilation_rate", "activation", "use_bias"];
const POOL = ["pool_size", "strides", "padding"];
const SERIES = ["return_sequences", "return_state", "go_backwards", "stateful", "unroll"];
const CELL = ["units", "activation", "recurrent_activation", "use_bias", "dropout", "recurrent_dropout"];
const RECURRENT = [...CELL, ...SERIES, ...bounds("kernel", "recurrent", "bias")];
const CONV: KerasRule = { keeps: ["filters", ...SPACE, ...bounds("kernel", "bias")] };
const SERIES_CONV: KerasRule = { keeps: [...(CONV.keeps as string[]), "groups"] };
const TRANSPOSE = [...(CONV.keeps as string[]), "output_padding"];
const NEAREST = {
  interpolation: { values: ["nearest"], hint: "tfjs and Keras interpolate differently. Use nearest pixels." },
};

/** The layers that can be written, by their class in tfjs-layers. Classes whose name starts with Keras are the ones that Graft loads for Keras's. */
export const KERAS_RULES: Readonly<Record<string, KerasRule>> = {
  Dense: { keeps: ["units", "activation", "use_bias", ...bounds("kernel", "bias")] },
  Embedding: { keeps: ["input_dim", "output_dim", "mask_zero", ...bounds("embeddings")] },
  Activation: { keeps: ["activation"] },
  Flatten: { keeps: ["data_format"] },
  Reshape: { keeps: ["target_shape"] },
  Permute: { keeps: ["dims"] },
  RepeatVector: { keeps: ["n"] },
  Masking: { keeps: ["mask_value"] },
  Dropout: { keeps: ["rate", "noise_shape", "seed"] },
  SpatialDropout1D: { keeps: ["rate", "seed"] },
  AlphaDropout: { keeps: ["rate", "noise_shape"] },
  GaussianDropout: { keeps: ["rate"] },
  GaussianNoise: { keeps: ["stddev"] },
  ReLU: { keeps: ["max_value"] },
  KerasReLU: { as: "ReLU", keeps: ["max_value", "negative_slope", "threshold"] },
  LeakyReLU: { renames: { alpha: "negative_slope" } },
  PReLU: { keeps: ["shared_axes", ...bounds("alpha")] },
  ELU: { keeps: ["alpha"] },
  KerasELU: { as: "ELU", keeps: ["alpha"] },
  Softmax: { keeps: ["axis"] },
  KerasSoftmax: { as: "Softmax", keeps: ["axis"] },
  Add: {},
  Average: {},
  Multiply: {},
  Maximum: {},
  Minimum: {},
  Concatenate: { keeps: ["axis"] },
  Dot: { keeps: ["axes", "normalize"] },
  Conv1D: SERIES_CONV,
  KerasConv1D: { ...SERIES_CONV, as: "Conv1D" },
  Conv2D: CONV,
  KerasConv2D: { ...SERIES_CONV, as: "Conv2D" },
  Conv3D: CONV,
  Conv2DTranspose: { keeps: TRANSPOSE },
  KerasConv2DTranspose: { as: "Conv2DTranspose", keeps: TRANSPOSE },
  DepthwiseConv2D: depthwise(),
  KerasDepthwiseConv2D: { ...depthwise(), as: "DepthwiseConv2D" },
  SeparableConv2D: {
    keeps: ["filters", "depth_multiplier", ...SPACE, ...bounds("depthwise", "pointwise", "bias")],
  },
  MaxPooling1D: { keeps: POOL },
  AveragePooling1D: { keeps: POOL },
  MaxPooling2D: { keeps: [...POOL, "data_format"] },
  AveragePooling2D: { keeps: [...POOL, "data_format"] },
  MaxPooling3D: { keeps: [...POOL, "data_format"] },
  AveragePooling3D: { keeps: [...POOL, "data_format"] },
  GlobalAveragePooling1D: {},
  GlobalMaxPooling1D: {},
  GlobalAveragePooling2D: { keeps: ["data_format"] },
  GlobalMaxPooling2D: { keeps: ["data_format"] },
  ZeroPadding2D: { keeps: ["padding", "data_format"] },
  Cropping2D: { keeps: ["cropping", "data_format"] },
  UpSampling2D: { keeps: ["size", "data_format", "interpolation"], only: NEAREST },
  BatchNormalization: {
    keeps: ["axis", "momentum", "epsilon", "center", "scale", ...bounds("beta", "gamma")],
  },
  LayerNormalization: { keeps: ["axis", "epsilon", "center", "scale", ...bounds("beta", "gamma")] },
  Rescaling: { keeps: ["scale", "offset"] },
  SimpleRNN: { keeps: RECURRENT },
  LSTM: { keeps: [...RECURRENT, "unit_forget_bias"] },
  GRU: { keeps: RECURRENT, adds: { reset_after: false } },
  KerasGRU: { as: "GRU", keeps: RECURRENT, adds: { reset_after: true } },
  Bidirectional: { keeps: ["merge_mode"] },
  KerasBidirectional: { as: "Bidirectional", keeps: ["merge_mode"] },
  TimeDistributed: {},
};

function depthwise(): KerasRule {
  return { keeps: ["depth_multiplier", ...SPACE, ...bounds("depthwise", "bias")] };
}

/** Options that change nothing in Keras: initializers, because the weights are written, and sizes that Keras finds by itself. */
export function isDropped(option: string): boolean {
  return option.endsWith("_initializer") || DROPPED.has(option);
}

const DROPPED: ReadonlySet<string> = new Set([
  ...["batch_input_shape", "input_shape", "input_dtype", "input_length", "input_dim", "dtype"],
  ...["implementation", "reset_after", "num_constants", "seed", "rank"],
]);
