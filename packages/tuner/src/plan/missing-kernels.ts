import * as tf from "@tensorflow/tfjs-core";

/** What the gradients of common layers call. */
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

/** Kernels that only some layers, or ops of a graph, call. */
const ONLY_FOR: readonly (readonly [RegExp, RegExp])[] = [
  [/^(Conv2DBackprop|FusedConv2D$|Conv2D$)/, /^(_Fused)?Conv|SeparableConv|^Bidirectional$|^TimeDistributed$|ConvLSTM/],
  [/^DepthwiseConv2dNative/, /Depthwise|SeparableConv/],
  [/^MaxPool/, /MaxPool/],
  [/^AvgPool/, /Average|AvgPool/],
  [/^(UnsortedSegmentSum|GatherV2)$/, /Embedding|Gather/],
];

/**
 * Kernels that training calls and the backend has not registered: a run that reaches one of them fails.
 *
 * @param kinds layer classes or ops that gradients go through; undefined where they are not known, and any may be needed.
 */
export function missingKernels(backend: string, kinds: ReadonlySet<string> | undefined): readonly string[] {
  const known = new Set(tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName));
  const needed = (kernel: string): boolean =>
    kinds === undefined ||
    ONLY_FOR.every(([these, callers]) => !these.test(kernel) || [...kinds].some((kind) => callers.test(kind)));
  return TRAINING.filter((name) => !known.has(name) && needed(name));
}

/** The kernel whose absence `error` is about: "Kernel 'Cumprod' not registered for backend 'wasm'". */
export function lackingKernel(error: unknown): string | undefined {
  return /^Kernel '(\w+)' not registered/.exec((error as Error | undefined)?.message ?? "")?.[1];
}
