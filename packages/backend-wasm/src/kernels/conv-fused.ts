import * as tf from "@tensorflow/tfjs-core";

/** Conv2D, bias and activation by XNNPACK; registered under a name of ours so that it can have a gradient of ours. */
export const fusedConv2d: tf.KernelFunc = ({ inputs, attrs }) =>
  tf.engine().runKernel("FusedConv2D", inputs as unknown as tf.NamedTensorMap, attrs as tf.NamedAttrMap) as tf.Tensor;
