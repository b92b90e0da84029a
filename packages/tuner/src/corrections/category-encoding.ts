import { type CallableLayer, type LayerCall, onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** The fields of tfjs-layers' CategoryEncoding that its `call` reads. */
interface CategoryEncoding extends CallableLayer {
  readonly numTokens: number;
  readonly outputMode: string;
}

/**
 * Returns a `call` for a CategoryEncoding that WebGPU can run. Stock reads the largest and the smallest number before it computes, and
 * WebGPU cannot read without waiting. On WebGPU a number outside of the range therefore counts for no category, as in Keras on
 * accelerators.
 */
export function encodeWithoutReading(callable: CallableLayer, previous: LayerCall): LayerCall {
  const { numTokens, outputMode } = callable as CategoryEncoding;
  return (inputs, kwargs) => {
    const x = onlyTensor(inputs);
    // `oneHot` takes one number for each example. Stock refuses all other inputs, with its reason.
    const taken = x.rank === 1 || (x.rank === 2 && (outputMode !== "oneHot" || x.shape[1] === 1));
    if (tf.getBackend() !== "webgpu" || !taken || kwargs.countWeights !== undefined) return previous(inputs, kwargs);
    return tf.tidy(() => {
      const each = x.rank === 1 && outputMode === "oneHot" ? tf.expandDims(x, 1) : x;
      const counts = tf.sum(tf.cast(tf.oneHot(tf.cast(each, "int32"), numTokens), "float32"), -2);
      return outputMode === "count" ? counts : tf.minimum(counts, 1);
    });
  };
}
