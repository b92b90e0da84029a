import * as tf from "@tensorflow/tfjs-core";
import { runKernel } from "../tfjs-registry/gradients.ts";
import { once, type Registration, replaceKernels, together } from "../tfjs-registry/kernels.ts";
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
 * Lets `tf.fused.conv2d` and `tf.fused.depthwiseConv2d` train with dilations: the conv2d layers of tfjs-layers compute by the
 * first, which brings a gradient of its own that refuses. No registered gradient can help there. The engine's `customGrad`,
 * through which it goes, is told by the kernels whether one of them ran with a dilation, and then knows the gradient.
 */
export function dilatedFusedGradients(): Registration {
  const engine = tf.engine() as unknown as { customGrad: CustomGrad };
  const stock = engine.customGrad;
  const own = Object.hasOwn(engine, "customGrad");
  let ran: Dilated | undefined;
  const noting = (name: string, depthwise: boolean): { [name: string]: tf.KernelFunc } => {
    const { kernelFunc } = tf.getKernel(name, "wasm") ?? {};
    if (!kernelFunc) return {};
    const noted: tf.KernelFunc = (params) => {
      const attrs = params.attrs ?? {};
      if ([attrs.dilations ?? 1].flat().some((rate) => rate !== 1)) ran ??= { attrs, depthwise };
      return kernelFunc(params);
    };
    return { [name]: noted };
  };
  const knowing: CustomGrad = (f) =>
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
    () => replaceKernels({ ...noting("FusedConv2D", false), ...noting("FusedDepthwiseConv2D", true) }),
    () => {
      engine.customGrad = knowing;
      return once(() => {
        if (engine.customGrad !== knowing) return;
        if (own) engine.customGrad = stock;
        else delete (engine as { customGrad?: CustomGrad }).customGrad;
      });
    },
  ]);
}

/** tfjs's own gradient, and ours where it refuses: an op of someone else's may have run such a convolution, too. */
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

/** In gradient mode tfjs takes its fused op with the linear activation alone. */
function dilatedGradient(
  gradient: tf.Tensor,
  saved: readonly tf.Tensor[],
  attrs: tf.NamedAttrMap,
  depthwise: boolean,
): tf.Tensor[] {
  const [filter, x, y, bias] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor | undefined];
  // Of one image without a batch.
  const dy = tf.reshape(gradient, y.shape);
  const name = depthwise ? "DepthwiseConv2dNative" : "Conv2D";
  return [
    runKernel(`${name}BackpropInput`, { dy, filter }, { ...attrs, inputShape: x.shape }),
    runKernel(`${name}BackpropFilter`, { x, dy }, { ...attrs, filterShape: filter.shape }),
    ...(bias ? [unbroadcast(dy, bias.shape)] : []),
  ];
}
