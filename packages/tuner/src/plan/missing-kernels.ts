import * as tf from "@tensorflow/tfjs-core";

/** Kernels that training common layers calls. */
const TRAINING = [
  ..."Add AddN AvgPool AvgPoolGrad BatchMatMul Cast Concat Conv2D Conv2DBackpropFilter Conv2DBackpropInput".split(" "),
  ..."DepthwiseConv2dNative DepthwiseConv2dNativeBackpropFilter DepthwiseConv2dNativeBackpropInput Exp FusedConv2D".split(
    " ",
  ),
  ..."GatherV2 Log MaxPool MaxPoolGrad Multiply Relu Relu6 Rsqrt Select Softmax Sqrt Step Sub Sum UnsortedSegmentSum".split(
    " ",
  ),
  "_FusedMatMul",
];

/** Patterns of kernels that only some layers or graph ops call, with patterns of these layers and ops. */
const ONLY_FOR: readonly (readonly [RegExp, RegExp])[] = [
  [/^(Conv2DBackprop|FusedConv2D$|Conv2D$)/, /^(_Fused)?Conv|SeparableConv|^Bidirectional$|^TimeDistributed$|ConvLSTM/],
  [/^DepthwiseConv2dNative/, /Depthwise|SeparableConv/],
  [/^MaxPool/, /MaxPool/],
  [/^AvgPool/, /Average|AvgPool/],
  [/^(UnsortedSegmentSum|GatherV2)$/, /Embedding|Gather/],
];

/**
 * Lists kernels that training needs and the backend lacks. A run that calls one of them fails.
 *
 * @param kinds layer classes or ops that gradients pass through; undefined if they are not known. Any kernel may be needed then.
 */
export function missingKernels(backend: string, kinds: ReadonlySet<string> | undefined): readonly string[] {
  const known = new Set(tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName));
  const needed = (kernel: string): boolean =>
    kinds === undefined ||
    ONLY_FOR.every(([these, callers]) => !these.test(kernel) || [...kinds].some((kind) => callers.test(kind)));
  return TRAINING.filter((name) => !known.has(name) && needed(name));
}
