import type { KernelFunc } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { TENSORFLOW } from "./load/backend-name.ts";
import type { NativeKernelBackend } from "./load/native-backend-types.ts";
import { batchNormKernels, normalize } from "./kernels/batch-norm/batch-norm.ts";
import { registerBatchNormTraining } from "./kernels/batch-norm/training.ts";
import { depthwiseGradients } from "./kernels/conv/depthwise.ts";
import { pointwiseGradients } from "./kernels/conv/pointwise.ts";
import { activationGradients } from "./gradients/activations.ts";
import { batchNormGradient } from "./gradients/batch-norm.ts";
import { reductionGradients } from "./gradients/reductions.ts";
import { tileGradient } from "./gradients/tile.ts";
import { fuseLayersBatchNorm } from "./layers/batch-norm.ts";
import { fuseLayersRelu } from "./layers/relu.ts";
import { inferenceKernels } from "./kernels/deferred/inference.ts";
import { disposeWithoutComputing } from "./kernels/deferred/deferred.ts";
import { normedKernelGrad } from "./kernels/batch-norm/kernel-gradient.ts";
import { type Native, nativeOf, type RunGraft } from "./kernels/native.ts";
import { adamKernel } from "./kernels/optimizers/adam.ts";
import { lambKernel } from "./kernels/optimizers/lamb.ts";
import { larsKernel } from "./kernels/optimizers/lars.ts";
import { normKernels } from "./kernels/optimizers/global-norm.ts";
import { sgdKernel } from "./kernels/optimizers/sgd.ts";
import { type Registration, replaceGradients, replaceKernels } from "./kernels/registration.ts";
import { clipKernel } from "./kernels/stock/clip.ts";
import { fusedConvKernels } from "./kernels/stock/fused-conv.ts";
import { fixedKernels } from "./kernels/stock/fixes.ts";
import { noOpKernels } from "./kernels/stock/no-ops.ts";

/** Repairs that training needs at all, whether or not it is to be fast. */
export function fixKernels(backend: NativeKernelBackend): Registration {
  return replaceKernels(fixedKernels(nativeOf(backend), stockKernels(["ArgMax", "ArgMin", "Exp", "Round"])));
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
      ...noOpKernels(native, stock),
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
  own: RunGraft,
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
