import { type CallableLayer, type LayerCall, onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** The fields of tfjs-layers' Conv1D and Conv2D that their `call` reads. */
interface ConvLayer extends CallableLayer {
  readonly kernel: { read(): tf.Tensor };
  readonly bias?: { read(): tf.Tensor } | null;
  readonly activation?: { apply(x: tf.Tensor): tf.Tensor } | null;
  readonly strides: readonly number[];
  readonly padding: "valid" | "same" | "causal";
  readonly dataFormat: string;
  readonly dilationRate: readonly number[];
}

/** Returns a `call` for a causal Conv1D, which stock lacks, or undefined for others. */
export function correctConv1d(callable: CallableLayer): LayerCall | undefined {
  const layer = callable as ConvLayer;
  const [dilation = 1] = layer.dilationRate;
  if (layer.dataFormat === "channelsFirst" || layer.padding !== "causal") return undefined;
  return (inputs) =>
    tf.tidy(() => {
      const kernel = layer.kernel.read() as tf.Tensor3D;
      const x = tf.pad(onlyTensor(inputs) as tf.Tensor3D, [
        [0, 0],
        [(kernel.shape[0] - 1) * dilation, 0],
        [0, 0],
      ]);
      return finished(tf.conv1d(x, kernel, layer.strides[0] ?? 1, "valid", "NWC", dilation), layer);
    });
}

/**
 * Returns a `call` for a dilated Conv2D, or undefined for others. Stock calls the fused op, which has its own gradient and refuses
 * dilations. The gradient of the plain op is corrected while a run trains.
 */
export function correctConv2d(callable: CallableLayer, previous: LayerCall): LayerCall | undefined {
  const layer = callable as ConvLayer;
  const { padding } = layer;
  if (layer.dataFormat === "channelsFirst" || padding === "causal") return undefined;
  if (layer.dilationRate.every((rate) => rate === 1)) return undefined;
  return (inputs, kwargs) => {
    if (tf.engine().state.gradientDepth === 0) return previous(inputs, kwargs);
    return tf.tidy(() => {
      const [strides, dilations] = [layer.strides, layer.dilationRate] as [[number, number], [number, number]];
      const kernel = layer.kernel.read() as tf.Tensor4D;
      return finished(tf.conv2d(onlyTensor(inputs) as tf.Tensor4D, kernel, strides, padding, "NHWC", dilations), layer);
    });
  };
}

function finished(y: tf.Tensor, { bias, activation }: ConvLayer): tf.Tensor {
  const sum = bias ? tf.add(y, bias.read()) : y;
  return activation ? activation.apply(sum) : sum;
}
