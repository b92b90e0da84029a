import type { KernelFunc } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { TENSORFLOW } from "../load/load.ts";
import type { NativeKernelBackend } from "../load/native-backend-types.ts";
import { batchNormKernels, normalize } from "./batch-norm.ts";
import { registerBatchNormTraining } from "./batch-norm-training.ts";
import { activationGradients } from "./gradients/activations.ts";
import { batchNormGradient } from "./gradients/batch-norm.ts";
import { reductionGradients } from "./gradients/reductions.ts";
import { fuseLayersBatchNorm } from "./layers-batch-norm.ts";
import { fuseLayersRelu } from "./layers-relu.ts";
import { nativeOf } from "./native.ts";
import { adamKernel } from "./optimizers/adam.ts";
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
    "DepthwiseConv2dNative",
  ]);
  const parts = [
    replaceKernels({
      ...passThrough(native, stock),
      ...clipKernel(native, stock.ClipByValue),
      ...fusedConvKernels(native, stock),
      ...batchNormKernels(native),
      FusedBatchNorm: batchNormAtStatistics(native, stock.FusedBatchNorm),
      GraftSgd: sgdKernel(native),
      GraftAdam: adamKernel(native),
      ...normKernels(native),
    }),
    replaceGradients({
      ...activationGradients(native),
      ...reductionGradients(native),
      FusedBatchNorm: batchNormGradient(native),
    }),
    registerBatchNormTraining(native),
    fuseLayersBatchNorm(native),
    fuseLayersRelu(),
  ];
  return {
    dispose() {
      for (const part of parts.splice(0).reverse()) part.dispose();
      native.dispose();
    },
  };
}

/** tfjs's FusedBatchNorm without the scope and the composed cases, which stay with the stock kernel. */
function batchNormAtStatistics(native: ReturnType<typeof nativeOf>, stock: KernelFunc): KernelFunc {
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
