import * as tf from "@tensorflow/tfjs-core";

type Fix = (stock: tf.KernelFunc) => tf.KernelFunc;

/**
 * Extends a fix of a fused convolution to a bias of any shape that broadcasts. Stock supports only one number per channel,
 * and those cases go to `fix`.
 */
export function broadcastBias(kernelName: "FusedConv2D" | "FusedDepthwiseConv2D", fix: Fix): Fix {
  return (stock) => {
    const perChannel = fix(stock);
    return (params) => {
      const { bias, preluActivationWeights, ...inputs } = params.inputs as unknown as {
        readonly [name: string]: tf.Tensor;
      };
      if (!bias || bias.shape.length === 1) return perChannel(params);
      const { activation, leakyreluAlpha, ...attrs } = (params.attrs ?? {}) as tf.NamedAttrMap;
      return tf.tidy(() => {
        const y = tf.engine().runKernel(kernelName, inputs, { ...attrs, activation: "linear" }) as tf.Tensor;
        return tf.backend_util.applyActivation(
          tf.add(y, bias),
          (activation ?? "linear") as Parameters<typeof tf.backend_util.applyActivation>[1],
          preluActivationWeights,
          leakyreluAlpha as number | undefined,
        );
      });
    };
  };
}
