import { inPlaceKernels, type Registration, replaceKernels, tensorKernels } from "@graftjs/backend";
import type { FusedKernels } from "@graftjs/core";
import type { KernelFunc } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { activationGradients } from "./gradients/activations.ts";
import { batchNormGradient } from "./gradients/batch-norm.ts";
import { reductionGradients } from "./gradients/reductions.ts";
import { replaceGradients } from "./gradients/replace-gradients.ts";
import { softmaxGradient } from "./gradients/softmax.ts";
import { tileGradient } from "./gradients/tile.ts";
import { activationGrad, batchNorm, batchNormGrad } from "./kernels/batch-norm/fused.ts";
import { normedKernelGrad } from "./kernels/batch-norm/kernel-gradient.ts";
import { registerBatchNormTraining } from "./kernels/batch-norm/training.ts";
import { depthwiseGradients } from "./kernels/conv/depthwise.ts";
import { pointwiseGradients } from "./kernels/conv/pointwise.ts";
import { disposeWithoutComputing } from "./kernels/deferred/deferred.ts";
import { inferenceKernels } from "./kernels/deferred/inference.ts";
import { registerLastAxis } from "./kernels/last-axis/last-axis.ts";
import { matMulKernels } from "./kernels/matmul/matmul.ts";
import { type GraftNative, hasAllKernels, hasGraftKernels, nativeOf } from "./kernels/native.ts";
import { adamKernel } from "./kernels/optimizers/adam.ts";
import { globalNormKernel, scaleAllKernel } from "./kernels/optimizers/global-norm.ts";
import { lambKernel } from "./kernels/optimizers/lamb.ts";
import { larsKernel } from "./kernels/optimizers/lars.ts";
import { sgdKernel } from "./kernels/optimizers/sgd.ts";
import { stockBatchNorm } from "./kernels/stock/batch-norm.ts";
import { clipKernel } from "./kernels/stock/clip.ts";
import { fixedKernels } from "./kernels/stock/fixes.ts";
import { fusedConvKernels } from "./kernels/stock/fused-conv.ts";
import { noOpKernels } from "./kernels/stock/no-ops.ts";
import { TENSORFLOW } from "./load/backend-name.ts";
import type { NativeKernelBackend } from "./load/native-backend-types.ts";

/** Replaces kernels of tfjs-node that do not work. A session needs these fixes even if it is not to be fast. */
export function fixKernels(backend: NativeKernelBackend): Registration {
  return replaceKernels(
    TENSORFLOW,
    fixedKernels(nativeOf(backend), stockKernels(["ArgMax", "ArgMin", "Exp", "Round"])),
  );
}

/**
 * Registers fused operations for work that tfjs composes: the kernels of docs/fused-kernels.md, gradients, and batch norm in
 * training. `dispose()` takes all changes back.
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
    "BatchMatMul",
    "_FusedMatMul",
    "Softmax",
  ]);
  const current = hasGraftKernels(native) && hasAllKernels(native) ? native : undefined;
  const normKernels = tensorKernels(
    { GraftBatchNorm: batchNorm, GraftBatchNormGrad: batchNormGrad, GraftActivationGrad: activationGrad },
    () => native,
  );
  const composed = {
    ...clipKernel(native, stock.ClipByValue),
    ...fusedConvKernels(native, stock),
    ...normKernels,
    FusedBatchNorm: stockBatchNorm(native, stock.FusedBatchNorm),
  };
  const parts = [
    replaceKernels(TENSORFLOW, {
      ...noOpKernels(native, stock, current?.runGraft),
      ...composed,
      ...inPlaceKernels({ GraftAdam: adamKernel, GraftScaleAll: scaleAllKernel, GraftSgd: sgdKernel }, () => native),
      ...(hasGraftKernels(native) ? graftKernels(native, { ...stock, ...composed }) : {}),
    }),
    replaceGradients({
      ...activationGradients(native),
      ...reductionGradients(native),
      FusedBatchNorm: batchNormGradient(native),
      Tile: tileGradient(),
      ...(current ? { Softmax: softmaxGradient } : {}),
    }),
    ...(current ? [registerLastAxis(current, stock)] : []),
    registerBatchNormTraining(native),
    { dispose: disposeWithoutComputing(backend) },
  ];
  return {
    dispose() {
      for (const part of parts.splice(0).reverse()) part.dispose();
      native.dispose();
    },
  };
}

/** Returns the kernels that only our own binding has. */
function graftKernels(
  native: GraftNative,
  stock: Parameters<typeof inferenceKernels>[2] &
    Parameters<typeof pointwiseGradients>[2] &
    Parameters<typeof depthwiseGradients>[2] &
    Parameters<typeof matMulKernels>[2],
): Readonly<Record<string, KernelFunc>> {
  const { runGraft } = native;
  return {
    ...inferenceKernels(native, runGraft, stock),
    ...pointwiseGradients(native, runGraft, stock),
    ...depthwiseGradients(native, runGraft, stock),
    ...matMulKernels(native, runGraft, stock),
    ...inPlaceKernels<GraftNative, Exclude<keyof FusedKernels, "GraftAdam" | "GraftScaleAll" | "GraftSgd">>(
      { GraftGlobalNorm: globalNormKernel, GraftLamb: lambKernel, GraftLars: larsKernel },
      () => native,
    ),
    ...tensorKernels({ GraftNormedKernelGrad: normedKernelGrad }, () => native),
  };
}

function stockKernels<N extends string>(names: readonly N[]): Readonly<Record<N, KernelFunc>> {
  return Object.fromEntries(
    names.map((name) => [name, (tf.getKernel(name, TENSORFLOW) as tf.KernelConfig).kernelFunc]),
  ) as Record<N, KernelFunc>;
}
