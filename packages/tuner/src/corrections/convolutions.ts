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

/** Returns a `call` for a causal Conv1D, which stock lacks, or for a dilated one, or undefined for others. */
export function correctConv1d(callable: CallableLayer, previous: LayerCall): LayerCall | undefined {
  const layer = callable as ConvLayer;
  const [dilation = 1] = layer.dilationRate;
  if (layer.dataFormat === "channelsFirst" || (layer.padding !== "causal" && dilation === 1)) return undefined;
  return (inputs, kwargs) => {
    if (layer.padding !== "causal" && !isRecording()) return previous(inputs, kwargs);
    return tf.tidy(() => {
      const kernel = layer.kernel.read();
      const [width = 1] = kernel.shape;
      const before = layer.padding === "causal" ? (width - 1) * dilation : 0;
      const x = tf.pad(onlyTensor(inputs) as tf.Tensor3D, [
        [0, 0],
        [before, 0],
        [0, 0],
      ]);
      const padding = layer.padding === "causal" ? "valid" : layer.padding;
      const y = tf.conv1d(x, dilated(kernel, [dilation]) as tf.Tensor3D, layer.strides[0] ?? 1, padding);
      return finished(y, layer);
    });
  };
}

/** Returns a `call` for a dilated Conv2D, for which stock has no gradient, or undefined for others. */
export function correctConv2d(callable: CallableLayer, previous: LayerCall): LayerCall | undefined {
  const layer = callable as ConvLayer;
  const { padding } = layer;
  if (layer.dataFormat === "channelsFirst" || padding === "causal") return undefined;
  if (layer.dilationRate.every((rate) => rate === 1)) return undefined;
  return (inputs, kwargs) => {
    if (!isRecording()) return previous(inputs, kwargs);
    return tf.tidy(() => {
      const kernel = dilated(layer.kernel.read(), layer.dilationRate) as tf.Tensor4D;
      const y = tf.conv2d(onlyTensor(inputs) as tf.Tensor4D, kernel, layer.strides as [number, number], padding);
      return finished(y, layer);
    });
  };
}

/** Puts zeros between the rows of a kernel. A convolution with it is a dilated convolution with the kernel itself. */
function dilated(kernel: tf.Tensor, rates: readonly number[]): tf.Tensor {
  return rates.reduce((wide, rate, axis) => {
    const size = wide.shape[axis] as number;
    if (rate === 1 || size === 1) return wide;
    const one = wide.shape.map((n, i) => (i === axis ? 1 : n));
    const places = Int32Array.from({ length: (size - 1) * rate + 1 }, (_, i) => (i % rate === 0 ? i / rate : size));
    return tf.gather(tf.concat([wide, tf.zeros(one)], axis), tf.tensor1d(places, "int32"), axis);
  }, kernel);
}

function finished(y: tf.Tensor, { bias, activation }: ConvLayer): tf.Tensor {
  const sum = bias ? tf.add(y, bias.read()) : y;
  return activation ? activation.apply(sum) : sum;
}

function isRecording(): boolean {
  return tf.engine().state.gradientDepth > 0;
}
