import type { KernelFunc } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { TENSORFLOW } from "../load/backend-name.ts";
import type { NativeKernelBackend } from "../load/native-backend-types.ts";
import { batchNormKernels, normalize } from "./batch-norm.ts";
import { registerBatchNormTraining } from "./batch-norm-training.ts";
import { depthwiseGradients } from "./conv/depthwise.ts";
import { pointwiseGradients } from "./conv/pointwise.ts";
import { activationGradients } from "./gradients/activations.ts";
import { batchNormGradient } from "./gradients/batch-norm.ts";
import { reductionGradients } from "./gradients/reductions.ts";
import { tileGradient } from "./gradients/tile.ts";
import { fuseLayersBatchNorm } from "./layers-batch-norm.ts";
import { fuseLayersRelu } from "./layers-relu.ts";
import { inferenceKernels } from "./lazy/inference.ts";
import { disposeWithoutComputing } from "./lazy/pending.ts";
import { normedKernelGrad } from "./normed-kernel-grad.ts";
import { type Native, nativeOf, type OwnKernels } from "./native.ts";
import { adamKernel } from "./optimizers/adam.ts";
import { lambKernel } from "./optimizers/lamb.ts";
import { larsKernel } from "./optimizers/lars.ts";
import { normKernels } from "./optimizers/norms.ts";
import { sgdKernel } from "./optimizers/sgd.ts";
import { type Registration, replaceGradients, replaceKernels } from "./registration.ts";
import { clipKernel } from "./stock/clip.ts";
import { fusedConvKernels } from "./stock/fused-conv.ts";
import { mendedKernels } from "./stock/mended.ts";
import { passThrough } from "./stock/pass-through.ts";

/** Repairs that training needs at all, whether or not it is to be fast. */
export function mendKernels(backend: NativeKernelBackend): Registration {
  return replaceKernels(mendedKernels(nativeOf(backend), stockKernels(["ArgMax", "ArgMin", "Exp", "Round"])));
}

/**
 * Registers TensorFlow's fused operations where tfjs composes: kernels of docs/fused-kernels.md, gradients, and batch norm in
 * training. `dispose()` puts everything back.
 */
export function fuseKernels(backend: NativeKernelBackend): Registration {
  const native = nativeOf(backend);
  const stock = stockKernels([
    "Reshape",
    "Cast",
    "ClipByValue",
    "FusedBatchNorm",
    "FusedConv2D",
    "FusedDepthwiseConv2D",
    "Conv2D",
    "Conv2DBackpropInput",
    "Conv2DBackpropFilter",
    "DepthwiseConv2dNative",
    "DepthwiseConv2dNativeBackpropInput",
    "DepthwiseConv2dNativeBackpropFilter",
    "PadV2",
    "Relu",
    "Relu6",
  ]);
  const fusedConvolutions = fusedConvKernels(native, stock);
  const batchNorms = batchNormKernels(native);
  const atStatistics = batchNormAtStatistics(native, stock.FusedBatchNorm);
  const parts = [
    replaceKernels({
      ...passThrough(native, stock),
      ...clipKernel(native, stock.ClipByValue),
      ...fusedConvolutions,
      ...batchNorms,
      FusedBatchNorm: atStatistics,
      ...(native.own
        ? ownConvolutions(native, native.own, {
            ...stock,
            ...fusedConvolutions,
            ...batchNorms,
            FusedBatchNorm: atStatistics,
          })
        : {}),
      GraftSgd: sgdKernel(native),
      GraftAdam: adamKernel(native),
      ...normKernels(native),
      ...(native.own
        ? {
            GraftLars: larsKernel(native, native.own),
            GraftLamb: lambKernel(native, native.own),
            GraftNormedKernelGrad: normedKernelGrad(native, native.own),
          }
        : {}),
    }),
    replaceGradients({
      ...activationGradients(native),
      ...reductionGradients(native),
      FusedBatchNorm: batchNormGradient(native),
      Tile: tileGradient(),
    }),
    registerBatchNormTraining(native),
    fuseLayersBatchNorm(native),
    fuseLayersRelu(),
    { dispose: disposeWithoutComputing(backend) },
  ];
  return {
    dispose() {
      for (const part of parts.splice(0).reverse()) part.dispose();
      native.dispose();
    },
  };
}

/** Convolutions of our own, forward and back. */
function ownConvolutions(
  native: Native,
  own: OwnKernels,
  stock: Parameters<typeof inferenceKernels>[2] &
    Parameters<typeof pointwiseGradients>[2] &
    Parameters<typeof depthwiseGradients>[2],
): Readonly<Record<string, KernelFunc>> {
  return {
    ...inferenceKernels(native, own, stock),
    ...pointwiseGradients(native, own, stock),
    ...depthwiseGradients(native, own, stock),
  };
}

/** tfjs's FusedBatchNorm without the scope and the composed cases, which stay with the stock kernel. */
function batchNormAtStatistics(native: Native, stock: KernelFunc): KernelFunc {
  return (args) => {
    const { x, mean } = args.inputs as unknown as Record<"x" | "mean", tf.TensorInfo>;
    if (x.shape.length !== 4 || mean.shape.length !== 1 || x.dtype !== "float32" || x.shape.includes(0))
      return stock(args);
    const { varianceEpsilon } = args.attrs as { varianceEpsilon: number };
    return native.info(normalize(native, args.inputs as unknown as Parameters<typeof normalize>[1], varianceEpsilon));
  };
}

function stockKernels<N extends string>(names: readonly N[]): Readonly<Record<N, KernelFunc>> {
  return Object.fromEntries(
    names.map((name) => [name, (tf.getKernel(name, TENSORFLOW) as tf.KernelConfig).kernelFunc]),
  ) as Record<N, KernelFunc>;
}
