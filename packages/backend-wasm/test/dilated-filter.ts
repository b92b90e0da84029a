import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";

/** Inserts zeros between the taps of a filter. A convolution with the result equals one with the filter and dilation 2. */
export function dilatedFilter(filter: tf.Tensor): tf.Tensor4D {
  const [rows, columns, channels, last] = filter.shape as [number, number, number, number];
  const apart = tf.pad(tf.reshape(filter, [rows, 1, columns, 1, channels * last]), [
    [0, 0],
    [0, 1],
    [0, 0],
    [0, 1],
    [0, 0],
  ]);
  const whole = tf.reshape(apart, [2 * rows, 2 * columns, channels, last]) as tf.Tensor4D;
  return tf.slice(whole, 0, [2 * rows - 1, 2 * columns - 1, channels, last]);
}

interface Variable {
  read(): tf.Tensor;
}
/** The fields that the call of a convolutional layer reads. */
interface ConvLayer {
  call: (inputs: tf.Tensor | tf.Tensor[]) => tf.Tensor;
  readonly padding: "valid" | "same";
  readonly activation: { apply(x: tf.Tensor): tf.Tensor } | null;
  readonly kernel?: Variable;
  readonly depthwiseKernel?: Variable;
  readonly pointwiseKernel?: Variable;
  readonly bias?: Variable | null;
}

/** Makes a model's layers with dilation 2 convolve with dilated filters, which train on every backend. */
export function useDilatedFilters(model: tfl.LayersModel): void {
  for (const each of model.layers) {
    if (![(each as unknown as { dilationRate?: number | number[] }).dilationRate ?? 1].flat().includes(2)) continue;
    const layer = each as unknown as ConvLayer;
    layer.call = (inputs) =>
      tf.tidy(() => {
        let y = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;
        const { kernel, depthwiseKernel, pointwiseKernel, padding, bias, activation } = layer;
        if (kernel) y = tf.conv2d(y, dilatedFilter(kernel.read()), 1, padding);
        if (depthwiseKernel) y = tf.depthwiseConv2d(y, dilatedFilter(depthwiseKernel.read()), 1, padding);
        if (pointwiseKernel) y = tf.conv2d(y, pointwiseKernel.read() as tf.Tensor4D, 1, "valid");
        const z = bias ? tf.add(y, bias.read()) : y;
        return activation ? activation.apply(z) : z;
      });
  }
}
