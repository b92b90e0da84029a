import { type Registration, replaceKernels } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import { runKernel } from "../tfjs-registry/gradients.ts";
import { once, together } from "../tfjs-registry/registration.ts";
import { unbroadcast } from "./broadcast.ts";

type Gradient = (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
type Forward = (...args: unknown[]) => { readonly value: tf.Tensor; readonly gradFunc: Gradient };
type CustomGrad = (f: Forward) => (...inputs: tf.Tensor[]) => tf.Tensor;
/** A fused convolution with a dilation that has run. */
interface Dilated {
  readonly attrs: tf.NamedAttrMap;
  readonly depthwise: boolean;
}

/**
 * Makes `tf.fused.conv2d` and `tf.fused.depthwiseConv2d` trainable with dilations. The conv2d layers of tfjs-layers call the
 * first. These ops define a gradient of their own, which refuses dilations, so a registered gradient is never used. But they
 * define it through the engine's `customGrad`, which is replaced here. The kernels record whether one of them ran with a
 * dilation, and `customGrad` then substitutes our gradient.
 */
export function dilatedFusedGradients(): Registration {
  const engine = tf.engine() as unknown as { customGrad: CustomGrad };
  const stock = engine.customGrad;
  const own = Object.hasOwn(engine, "customGrad");
  let ran: Dilated | undefined;
  const recording = (kernelName: string, depthwise: boolean): tf.KernelFunc => {
    const { kernelFunc } = tf.getKernel(kernelName, "wasm") as tf.KernelConfig;
    return (params) => {
      const attrs = params.attrs ?? {};
      if ([attrs.dilations ?? 1].flat().some((rate) => rate !== 1)) ran ??= { attrs, depthwise };
      return kernelFunc(params);
    };
  };
  const kernels = {
    FusedConv2D: recording("FusedConv2D", false),
    FusedDepthwiseConv2D: recording("FusedDepthwiseConv2D", true),
  };
  const withDilations: CustomGrad = (f) =>
    stock.call(engine, (...args) => {
      const outer = ran;
      ran = undefined;
      try {
        const result = f(...args);
        return ran ? { ...result, gradFunc: withoutRefusal(result.gradFunc, ran) } : result;
      } finally {
        ran = outer;
      }
    });
  return together([
    () => replaceKernels("wasm", kernels),
    () => {
      engine.customGrad = withDilations;
      return once(() => {
        if (engine.customGrad !== withDilations) return;
        if (own) engine.customGrad = stock;
        else delete (engine as { customGrad?: CustomGrad }).customGrad;
      });
    },
  ]);
}

/**
 * Calls tfjs's own gradient, and ours if it refuses. Other errors are thrown, because an app's own op may also have run such a
 * convolution.
 */
function withoutRefusal(stock: Gradient, { attrs, depthwise }: Dilated): Gradient {
  return (dy, saved) => {
    try {
      return stock(dy, saved);
    } catch (error) {
      const refusal = /^Error in gradient of fused (depthwiseC|c)onv2d: dilation rates/i;
      if (!refusal.test((error as Error).message) || tf.getBackend() !== "wasm") throw error;
      return dilatedGradient(dy, saved, attrs, depthwise);
    }
  };
}

/** Computes the gradients of a dilated convolution. While gradients are recorded, tfjs uses its fused op only without activation. */
function dilatedGradient(
  gradient: tf.Tensor,
  saved: readonly tf.Tensor[],
  attrs: tf.NamedAttrMap,
  depthwise: boolean,
): tf.Tensor[] {
  const [filter, x, y, bias] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor | undefined];
  // dy has no batch axis if the op was called with a single image.
  const dy = tf.reshape(gradient, y.shape);
  const name = depthwise ? "DepthwiseConv2dNative" : "Conv2D";
  return [
    runKernel(`${name}BackpropInput`, { dy, filter }, { ...attrs, inputShape: x.shape }),
    runKernel(`${name}BackpropFilter`, { x, dy }, { ...attrs, filterShape: filter.shape }),
    ...(bias ? [unbroadcast(dy, bias.shape)] : []),
  ];
}
