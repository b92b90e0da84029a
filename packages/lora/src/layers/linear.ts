import type { CallableLayer } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Target } from "../targets/target.ts";

/** The fields of tfjs's linear layers that say how they compute. */
interface LinearFields extends CallableLayer {
  readonly bias?: { read(): tf.Tensor } | null;
  readonly activation?: { apply(x: tf.Tensor): tf.Tensor } | null;
  readonly strides?: readonly number[];
  readonly padding?: "valid" | "same";
  readonly dilationRate?: readonly number[];
}

type Shape4D = [number, number, number, number];
type Shape5D = [number, number, number, number, number];

/**
 * Computes the product of a layer's input and a kernel, without bias and activation. The kernel may have another number of
 * outputs than the layer's own. Unlike the layer's own call, it computes the gradient of the kernel only if it is trained.
 */
export function product({ layer, kind }: Target, x: tf.Tensor, kernel: tf.Tensor): tf.Tensor {
  if (kind === "embedding") return lookUp(x, kernel);
  if (kind === "dense") return overLastAxis(x, kernel);
  const { strides = [], padding: pad = "valid", dilationRate = [] } = layer as LinearFields;
  if (kind === "transposed") return transposed(x, kernel, strides, pad);
  if (kernel.rank === 3) {
    const [stride = 1] = strides;
    return tf.conv1d(x as tf.Tensor3D, kernel as tf.Tensor3D, stride, pad, "NWC", dilationRate[0] ?? 1);
  }
  if (kernel.rank === 4) {
    const [dilations, steps] = [pair(dilationRate), pair(strides)];
    return tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, steps, pad, "NHWC", dilations);
  }
  const [steps, dilations] = [triple(strides), triple(dilationRate)];
  return tf.conv3d(x as tf.Tensor5D, kernel as tf.Tensor5D, steps, pad, "NDHWC", dilations);
}

/** Multiplies the last axis of `x` by `matrix` [in, out]. */
export function overLastAxis(x: tf.Tensor, matrix: tf.Tensor): tf.Tensor {
  const [size, outputs] = matrix.shape as [number, number];
  const y = tf.matMul(tf.reshape(x, [-1, size]) as tf.Tensor2D, matrix as tf.Tensor2D);
  return x.rank === 2 ? y : tf.reshape(y, [...x.shape.slice(0, -1), outputs]);
}

/** Adds the layer's bias, if it has one. */
export function addBias({ layer }: Target, z: tf.Tensor): tf.Tensor {
  const { bias } = layer as LinearFields;
  return bias ? tf.add(z, bias.read()) : z;
}

/** Applies the layer's activation, if it has one. */
export function activate({ layer }: Target, z: tf.Tensor): tf.Tensor {
  return (layer as LinearFields).activation?.apply(z) ?? z;
}

/** Returns the layer's bias, if it has one. */
export function biasOf({ layer }: Target): tf.Variable | undefined {
  return (layer as LinearFields).bias?.read() as tf.Variable | undefined;
}

function lookUp(ids: tf.Tensor, table: tf.Tensor): tf.Tensor {
  const rows = tf.gather(table, tf.reshape(tf.cast(ids, "int32"), [-1]) as tf.Tensor1D);
  return tf.reshape(rows, [...ids.shape, table.shape[1] as number]);
}

function transposed(x: tf.Tensor, kernel: tf.Tensor, strides: readonly number[], pad: "valid" | "same"): tf.Tensor {
  const spatial = x.shape.slice(1, -1).map((from, i) => {
    const [size, stride] = [kernel.shape[i] as number, strides[i] ?? 1];
    return pad === "same" ? from * stride : from * stride + Math.max(size - stride, 0);
  });
  const shape = [x.shape[0] as number, ...spatial, kernel.shape.at(-2) as number];
  return kernel.rank === 4
    ? tf.conv2dTranspose(x as tf.Tensor4D, kernel as tf.Tensor4D, shape as Shape4D, pair(strides), pad)
    : tf.conv3dTranspose(x as tf.Tensor5D, kernel as tf.Tensor5D, shape as Shape5D, triple(strides), pad);
}

function pair([first = 1, second = first]: readonly number[]): [number, number] {
  return [first, second];
}

function triple([first = 1, second = first, third = second]: readonly number[]): [number, number, number] {
  return [first, second, third];
}
