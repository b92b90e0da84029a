import * as tf from "@tensorflow/tfjs-core";
import type { FastGradient } from "./replace-gradients.ts";

/** The gradient of softmax by one kernel. */
export const softmaxGradient: FastGradient = {
  gradient: (dy, [y], { dim }) =>
    y?.dtype === "float32" && dim === y.rank - 1 && y.size > 0
      ? { logits: () => tf.engine().runKernel("GraftSoftmaxGrad", { v: y, dy }) as tf.Tensor }
      : undefined,
};
