import { type CallableLayer, type LayerCall, onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { TENSORFLOW } from "../load/backend-name.ts";

/** Fields of tfjs-layers' LayerNormalization that `call` uses. */
interface LayerNormLayer extends CallableLayer {
  readonly axis: number | readonly number[];
  readonly epsilon: number;
  readonly gamma?: { read(): tf.Tensor };
  readonly beta?: { read(): tf.Tensor };
}

/** Returns a `call` that normalizes over the last axis by one kernel. `stock` is used for cases without a kernel. */
export function layerNormCall(callable: CallableLayer, stock: LayerCall): LayerCall {
  const layer = callable as LayerNormLayer;
  return (inputs, kwargs) => {
    const x = onlyTensor(inputs);
    const { gamma, beta, epsilon } = layer;
    const axes = [layer.axis].flat();
    const isLast = axes.length === 1 && (axes[0] === -1 || axes[0] === x.rank - 1);
    if (!gamma || !beta || !isLast || !hasKernel(x)) return stock(inputs, kwargs);
    return tf.tidy(() => {
      const given = { x, gamma: gamma.read(), beta: beta.read() } as unknown as tf.NamedTensorMap;
      return (tf.engine().runKernel("GraftLayerNorm", given, { epsilon }) as tf.Tensor[])[0] as tf.Tensor;
    });
  };
}

/** Says whether the native backend has a kernel for this input. The kernel is differentiable only once. */
function hasKernel(x: tf.Tensor): boolean {
  return (
    tf.getBackend() === TENSORFLOW &&
    tf.getKernel("GraftLayerNorm", TENSORFLOW) !== undefined &&
    x.dtype === "float32" &&
    x.size > 0 &&
    tf.engine().state.gradientDepth <= 1
  );
}
