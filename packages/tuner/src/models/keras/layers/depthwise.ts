import { onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { type Args, type Sizes, singleShape, stockClass } from "./base.ts";

interface Depthwise extends tfl.layers.Layer {
  readonly kernelSize: readonly number[];
  readonly strides: readonly number[];
  readonly dilationRate: readonly number[];
  readonly dataFormat: string;
  readonly padding: "same" | "valid";
  readonly depthwiseKernel: tfl.LayerVariable;
  readonly bias: tfl.LayerVariable | null;
  readonly activation: { apply(x: tf.Tensor): tf.Tensor } | null;
}
type DepthwiseClass = new (args: Args) => Depthwise;

/** Creates the class lazily, because tfjs-layers does not export the one that it extends. */
export function depthwiseClass(): tf.serialization.SerializableConstructor<tf.serialization.Serializable> {
  /** `DepthwiseConv2D` with a dilation rate, which tfjs-layers ignores. */
  class KerasDepthwiseConv2D extends stockClass<DepthwiseClass>("DepthwiseConv2D") {
    static readonly className = "KerasDepthwiseConv2D";

    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return tf.tidy(() => {
        const first = this.dataFormat === "channelsFirst";
        const x = (first ? tf.transpose(onlyTensor(inputs), [0, 2, 3, 1]) : onlyTensor(inputs)) as tf.Tensor4D;
        const kernel = this.depthwiseKernel.read() as tf.Tensor4D;
        const [strides, dilations] = [this.strides, this.dilationRate] as [[number, number], [number, number]];
        let y: tf.Tensor = tf.depthwiseConv2d(x, kernel, strides, this.padding, "NHWC", dilations);
        if (this.bias) y = tf.add(y, this.bias.read());
        if (this.activation) y = this.activation.apply(y);
        return first ? tf.transpose(y, [0, 3, 1, 2]) : y;
      });
    }

    override computeOutputShape(shape: tfl.Shape | tfl.Shape[]): tfl.Shape {
      const sizes = singleShape(shape);
      const stock = super.computeOutputShape(shape) as Sizes;
      const at = this.dataFormat === "channelsFirst" ? 2 : 1;
      for (const axis of [0, 1]) {
        const size = sizes[at + axis] ?? null;
        const stride = this.strides[axis] as number;
        const reach = ((this.kernelSize[axis] as number) - 1) * (this.dilationRate[axis] as number);
        const starts = size === null || this.padding === "same" ? size : size - reach;
        stock[at + axis] = starts === null ? null : Math.ceil(starts / stride);
      }
      return stock;
    }
  }
  return KerasDepthwiseConv2D as never;
}
