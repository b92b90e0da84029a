import * as tf from "@tensorflow/tfjs-core";
import type { CallableLayer } from "./layers-model.ts";
import { isSubclass } from "./subclass.ts";

/** The fields of a tfjs convolution or dense layer that its `call` reads. */
interface WithKernel {
  readonly kernel: { read(): tf.Tensor };
  readonly bias?: { read(): tf.Tensor } | null;
  readonly useBias?: boolean;
  readonly activation: { getClassName(): string } | null;
  readonly strides?: [number, number];
  readonly padding?: "valid" | "same";
  readonly dataFormat?: string;
  readonly dilationRate?: [number, number];
}

/**
 * Computes the output of a frozen layer with ops that compute the kernel's gradient only on request.
 *
 * A Conv2D or Dense with a linear activation always calls tfjs's fused conv2d or matMul. Their gradient function computes the
 * kernel's gradient even if only the input's is needed. In a measured run all 5 filter gradients of frozen layers were wasted.
 * For plain `conv2d`, `matMul` and `add`, tfjs skips gradients that are not needed.
 *
 * @returns undefined if the layer is not a stock Conv2D or Dense with a linear activation.
 */
export function callFrozen(layer: CallableLayer, inputs: readonly tf.Tensor[]): tf.Tensor | undefined {
  const [x] = inputs;
  const name = layer.getClassName();
  if (!x || inputs.length !== 1 || (name !== "Conv2D" && name !== "Dense") || Object.hasOwn(layer, "call"))
    return undefined;
  if (isSubclass(layer)) return undefined;
  const { kernel, bias, useBias, activation, strides, padding, dataFormat, dilationRate } =
    layer as unknown as WithKernel;
  if (activation && activation.getClassName() !== "linear") return undefined;
  const w = kernel.read();
  let y: tf.Tensor;
  if (name === "Dense") {
    if (x.rank !== 2) return undefined;
    y = tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D);
  } else {
    if (dataFormat === "channelsFirst" || x.rank !== 4 || padding === undefined || strides === undefined)
      return undefined;
    y = tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, padding, "NHWC", dilationRate ?? 1);
  }
  return useBias !== false && bias ? tf.add(y, bias.read()) : y;
}
