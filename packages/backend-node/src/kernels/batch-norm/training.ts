import { type Registration, replaceKernels, type TensorKernel, tensorKernels } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import { TENSORFLOW } from "../../load/backend-name.ts";
import type { NativeTensor } from "../../load/native-backend-types.ts";
import type { Native } from "../native.ts";
import { asRank4, batchNormAttrs, reshapeAttrs } from "./operations.ts";

/** Name of the kernel that normalizes by the statistics of the batch. */
export const BATCH_NORM_TRAINING = "GraftBatchNormTraining";

/**
 * Runs `GraftBatchNormTraining`: batch norm at the statistics of the batch, in one operation. tfjs composes about forty.
 *
 * The variance is biased, as in tfjs-layers. The gradient flows through y only.
 */
const batchNormTraining: TensorKernel<"GraftBatchNormTraining", Native> = (
  native,
  { x, scale, offset },
  { varianceEpsilon },
) => {
  const { attr, free, id, info, ints, executeMany, execute, runGraft, scalar } = native;
  if (runGraft) {
    const shapes = [x.shape, scale.shape, scale.shape, scale.shape];
    const outputs = runGraft("batchNormTraining", [id(x), id(scale), id(offset)], [varianceEpsilon], shapes);
    const [, mean, , inverse] = outputs as [NativeTensor, NativeTensor, NativeTensor, NativeTensor];
    // Our gradient needs the mean and 1/√(variance + ε). The third tensor is needed by TensorFlow's own gradient only.
    const kept = [execute("Identity", attr.float, [mean.id]), inverse, native.temporary(0)];
    return [...outputs.slice(0, 3), ...kept].map((output) => info(output));
  }
  const none = execute(
    "Fill",
    [...attr.float, attr.type("index_type", native.backend.binding.TF_INT32)],
    [ints([0]), scalar(0)],
  );
  const x4 = asRank4(native, id(x), x.shape);
  const [y, mean, unbiased, ...kept] = executeMany(
    "FusedBatchNormV3",
    [...attr.floats, ...batchNormAttrs(native, varianceEpsilon, true), attr.number("exponential_avg_factor", 1)],
    [x4?.id ?? id(x), id(scale), id(offset), none.id, none.id],
    6,
  ) as [NativeTensor, NativeTensor, NativeTensor, ...NativeTensor[]];
  const count = tf.util.sizeFromShape(x.shape) / (scale.shape[0] || 1);
  const variance = execute("Mul", attr.float, [unbiased.id, scalar(count > 1 ? (count - 1) / count : 1)]);
  const shaped = x4 ? execute("Reshape", reshapeAttrs(native), [y.id, ints(x.shape)]) : y;
  free(none, x4, unbiased, x4 ? y : undefined);
  return [shaped, mean, variance, ...kept].map((output) => info(output));
};

/** Runs `GraftBatchNormTrainingGrad`: all three gradients in one operation. */
const batchNormTrainingGrad: TensorKernel<"GraftBatchNormTrainingGrad", Native> = (
  native,
  { dy, x, scale, kept1, kept2, kept3 },
  { varianceEpsilon },
) => {
  const { attr, free, id, info, ints, executeMany, execute, runGraft } = native;
  if (runGraft) {
    const ids = [id(dy), id(x), id(scale), id(kept1), id(kept2)];
    const shapes = [x.shape, scale.shape, scale.shape];
    return runGraft("batchNormTrainingGrad", ids, [], shapes).map((output) => info(output));
  }
  const [x4, dy4] = [asRank4(native, id(x), x.shape), asRank4(native, id(dy), x.shape)];
  const [dx, dScale, dOffset, ...rest] = executeMany(
    "FusedBatchNormGradV3",
    [...attr.floats, ...batchNormAttrs(native, varianceEpsilon, true)],
    [dy4?.id ?? id(dy), x4?.id ?? id(x), id(scale), id(kept1), id(kept2), id(kept3)],
    5,
  ) as [NativeTensor, NativeTensor, NativeTensor, ...NativeTensor[]];
  const shaped = x4 ? execute("Reshape", reshapeAttrs(native), [dx.id, ints(x.shape)]) : dx;
  free(x4, dy4, x4 ? dx : undefined, ...rest);
  return [shaped, dScale, dOffset].map((output) => info(output));
};

/** Registers both kernels, and the gradient that connects them. */
export function registerBatchNormTraining(native: Native): Registration {
  const kernels = replaceKernels(
    TENSORFLOW,
    tensorKernels(
      { GraftBatchNormTraining: batchNormTraining, GraftBatchNormTrainingGrad: batchNormTrainingGrad },
      () => native,
    ),
  );
  tf.registerGradient({
    kernelName: BATCH_NORM_TRAINING,
    inputsToSave: ["x", "scale"],
    outputsToSave: [false, false, false, true, true, true],
    gradFunc: (dys, [x, scale, kept1, kept2, kept3], attrs) => {
      const [dy] = dys as tf.Tensor[];
      // Compute all three once, before tfjs asks for each in a scope of its own.
      const inputs = { dy, x, scale, kept1, kept2, kept3 } as unknown as tf.NamedTensorMap;
      const [dx, dScale, dOffset] = tf.engine().runKernel(`${BATCH_NORM_TRAINING}Grad`, inputs, attrs) as unknown as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      return { x: () => dx, scale: () => dScale, offset: () => dOffset };
    },
  });
  return {
    dispose() {
      tf.unregisterGradient(BATCH_NORM_TRAINING);
      kernels.dispose();
    },
  };
}
