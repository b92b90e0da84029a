import { onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { type Args, type Sizes, singleShape, stockClass } from "./base.ts";

interface Conv extends tfl.layers.Layer {
  readonly filters: number;
  readonly kernelSize: readonly number[];
  readonly strides: readonly number[];
  readonly dilationRate: readonly number[];
  readonly dataFormat: string;
  padding: string;
  kernel: tfl.LayerVariable;
  bias: tfl.LayerVariable | null;
  activation: { apply(x: tf.Tensor): tf.Tensor };
}
type ConvClass = new (args: Args) => Conv;
type Class = tf.serialization.SerializableConstructor<tf.serialization.Serializable>;

/** Creates the classes lazily, because tfjs-layers does not export those that they extend. */
export function convolutionClasses(): readonly Class[] {
  return [groupedClass("Conv1D"), groupedClass("Conv2D"), transposeClass()] as unknown as Class[];
}

/** `Conv1D` and `Conv2D` in groups, and `Conv1D` with causal padding. tfjs-layers ignores `groups` and cannot run causal padding. */
function groupedClass(name: "Conv1D" | "Conv2D"): ConvClass {
  return class KerasConv extends stockClass<ConvClass>(name) {
    static readonly className = `Keras${name}`;
    readonly groups: number;

    constructor(args: Args) {
      super(args);
      this.groups = (args.groups as number | undefined) ?? 1;
    }

    override build(shape: tfl.Shape | tfl.Shape[]): void {
      const full = singleShape(shape);
      const axis = this.dataFormat === "channelsFirst" ? 1 : full.length - 1;
      const channels = full[axis] as number;
      const part = [...full];
      part[axis] = channels / this.groups;
      super.build(part);
      this.inputSpec = [{ ndim: full.length, axes: { [axis]: channels } }];
    }

    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return tf.tidy(() => {
        const first = this.dataFormat === "channelsFirst";
        let x = first ? toLast(onlyTensor(inputs)) : onlyTensor(inputs);
        const causal = this.padding === "causal";
        if (causal) {
          const left = (this.dilationRate[0] as number) * ((this.kernelSize[0] as number) - 1);
          x = tf.pad(x, [[0, 0] as [number, number], [left, 0], [0, 0]]);
        }
        // The gradient of a split into one part fails.
        const split = (tensor: tf.Tensor): tf.Tensor[] =>
          this.groups === 1 ? [tensor] : tf.split(tensor, this.groups, tensor.rank - 1);
        const parts = split(x);
        const kernels = split(this.kernel.read());
        const made = parts.map((part, i) =>
          this.convolve(part, kernels[i] as tf.Tensor, causal ? "valid" : this.padding),
        );
        let y = made.length === 1 ? (made[0] as tf.Tensor) : tf.concat(made, -1);
        if (this.bias) y = tf.add(y, this.bias.read());
        return this.activation.apply(first ? toFirst(y) : y);
      });
    }

    /** Corrects the length under causal padding, which tfjs-layers takes for that of `valid`. */
    override computeOutputShape(shape: tfl.Shape | tfl.Shape[]): tfl.Shape {
      const stock = super.computeOutputShape(shape) as Sizes;
      const length = singleShape(shape)[1] ?? null;
      if (this.padding === "causal")
        stock[1] = length === null ? null : Math.ceil(length / (this.strides[0] as number));
      return stock;
    }

    convolve(x: tf.Tensor, kernel: tf.Tensor, padding: string): tf.Tensor {
      const [strides, dilations] = [this.strides, this.dilationRate] as [[number, number], [number, number]];
      const pad = padding as "same" | "valid";
      return x.rank === 3
        ? tf.conv1d(x as tf.Tensor3D, kernel as tf.Tensor3D, strides[0], pad, "NWC", dilations[0])
        : tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, strides, pad, "NHWC", dilations);
    }

    override getConfig(): tf.serialization.ConfigDict {
      return { ...super.getConfig(), groups: this.groups };
    }
  };
}

/** `Conv2DTranspose` with `output_padding`, which tfjs-layers ignores. */
function transposeClass(): ConvClass {
  return class KerasConv2DTranspose extends stockClass<ConvClass>("Conv2DTranspose") {
    static readonly className = "KerasConv2DTranspose";
    readonly outputPadding: readonly number[];

    constructor(args: Args) {
      super(args);
      const given = args.outputPadding as number | number[];
      this.outputPadding = typeof given === "number" ? [given, given] : given;
    }

    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return tf.tidy(() => {
        const first = this.dataFormat === "channelsFirst";
        const x = first ? toLast(onlyTensor(inputs)) : onlyTensor(inputs);
        const [batch, height, width] = x.shape as [number, number, number, number];
        const shape = [batch, this.size(height, 0), this.size(width, 1), this.filters];
        const kernel = this.kernel.read() as tf.Tensor4D;
        const strides = this.strides as [number, number];
        const made = tf.conv2dTranspose(x as tf.Tensor4D, kernel, shape as never, strides, this.padding as "same");
        const y = this.bias ? tf.add(made, this.bias.read()) : made;
        return this.activation.apply(first ? toFirst(y) : y);
      });
    }

    override computeOutputShape(shape: tfl.Shape | tfl.Shape[]): tfl.Shape {
      const sizes = singleShape(shape);
      const first = this.dataFormat === "channelsFirst";
      const [a, b] = first ? [sizes[2], sizes[3]] : [sizes[1], sizes[2]];
      const space = [this.size(a ?? null, 0), this.size(b ?? null, 1)] as Sizes;
      return first ? [sizes[0] ?? null, this.filters, ...space] : [sizes[0] ?? null, ...space, this.filters];
    }

    size<T extends number | null>(length: T, axis: number): T {
      if (length === null) return length;
      const kernel = this.kernelSize[axis] as number;
      const pad = this.padding === "same" ? Math.floor(kernel / 2) : 0;
      const steps = (length - 1) * (this.strides[axis] as number);
      return (steps + kernel - 2 * pad + (this.outputPadding[axis] as number)) as T;
    }

    override getConfig(): tf.serialization.ConfigDict {
      return { ...super.getConfig(), outputPadding: [...this.outputPadding] };
    }
  };
}

function toLast(x: tf.Tensor): tf.Tensor {
  const axes = [...x.shape.keys()];
  return tf.transpose(x, [0, ...axes.slice(2), 1]);
}

function toFirst(y: tf.Tensor): tf.Tensor {
  const axes = [...y.shape.keys()];
  return tf.transpose(y, [0, y.rank - 1, ...axes.slice(1, -1)]);
}
