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

/** Kernels of {@link TRAINING} that the backend has not registered: a run that reaches one of them fails. */
export function missingKernels(backend: string): readonly string[] {
  const known = new Set(tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName));
  return TRAINING.filter((name) => !known.has(name));
}
