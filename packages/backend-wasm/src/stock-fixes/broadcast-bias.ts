import * as tf from "@tensorflow/tfjs-core";

type Guard = (stock: tf.KernelFunc) => tf.KernelFunc;

/** Fused convolutions with a bias of any shape that broadcasts, behind those of one number a channel, which stock takes. */
export function broadcastBias(kernelName: "FusedConv2D" | "FusedDepthwiseConv2D", guard: Guard): Guard {
  return (stock) => {
    const own = guard(stock);
    return (params) => {
      const { bias, preluActivationWeights, ...inputs } = params.inputs as unknown as {
        readonly [name: string]: tf.Tensor;
      };
      if (!bias || bias.shape.length === 1) return own(params);
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
