import { type Registration, replaceKernels } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import { TENSORFLOW } from "../../load/backend-name.ts";
import type { NativeTensor } from "../../load/native-backend-types.ts";
import type { Native } from "../native.ts";
import { asRank4, batchNormAttrs, reshapeAttrs } from "./operations.ts";

/** Name of the kernel that normalizes by the statistics of the batch. */
export const BATCH_NORM_TRAINING = "GraftBatchNormTraining";

/**
 * Registers the kernel for batch norm at the statistics of the batch, and its gradient. Each is one operation, and tfjs composes
 * about forty.
 *
 * Inputs are `x` (channels last), `scale` and `offset`, and the attribute is `varianceEpsilon`. Outputs are y, mean, variance
 * (biased, as in tfjs-layers), and three tensors for the gradient. The gradient flows through y only.
 */
export function registerBatchNormTraining(native: Native): Registration {
  const { attr, free, id, info, ints, executeMany, execute, scalar } = native;
  const empty = native.temporary(0);
  const kernels = replaceKernels(TENSORFLOW, {
    [BATCH_NORM_TRAINING]: ({ inputs, attrs }) => {
      const { x, scale, offset } = inputs as unknown as Record<"x" | "scale" | "offset", tf.Tensor>;
      const { varianceEpsilon } = attrs as { varianceEpsilon: number };
      if (native.runGraft) {
        const shapes = [x.shape, scale.shape, scale.shape, scale.shape];
        const outputs = native.runGraft("batchNormTraining", [id(x), id(scale), id(offset)], [varianceEpsilon], shapes);
        const [, mean, , inverse] = outputs as [NativeTensor, NativeTensor, NativeTensor, NativeTensor];
        // Our gradient needs the mean and 1/√(variance + ε). The third tensor is needed by TensorFlow's own gradient only.
        const saved = [execute("Identity", attr.float, [mean.id]), inverse, native.temporary(0)];
        return [...outputs.slice(0, 3), ...saved].map((output) => info(output));
      }
      const none = execute(
        "Fill",
        [...attr.float, attr.type("index_type", native.backend.binding.TF_INT32)],
        [ints([0]), empty.id],
      );
      const x4 = asRank4(native, id(x), x.shape);
      const [y, mean, unbiased, ...rest] = executeMany(
        "FusedBatchNormV3",
        [...attr.floats, ...batchNormAttrs(native, varianceEpsilon, true), attr.number("exponential_avg_factor", 1)],
        [x4?.id ?? id(x), id(scale), id(offset), none.id, none.id],
        6,
      ) as [NativeTensor, NativeTensor, NativeTensor, ...NativeTensor[]];
      const count = x.size / (scale.size || 1);
      const variance = execute("Mul", attr.float, [unbiased.id, scalar(count > 1 ? (count - 1) / count : 1)]);
      const shaped = x4 ? execute("Reshape", reshapeAttrs(native), [y.id, ints(x.shape)]) : y;
      free(none, x4, unbiased, x4 ? y : undefined);
      return [shaped, mean, variance, ...rest].map((output) => info(output));
    },
    [`${BATCH_NORM_TRAINING}Grad`]: ({ inputs, attrs }) => {
      const { dy, x, scale, kept1, kept2, kept3 } = inputs as unknown as Record<
        "dy" | "x" | "scale" | "kept1" | "kept2" | "kept3",
        tf.Tensor
      >;
      const { varianceEpsilon } = attrs as { varianceEpsilon: number };
      if (native.runGraft) {
        const ids = [id(dy), id(x), id(scale), id(kept1), id(kept2)];
        return native
          .runGraft("batchNormTrainingGrad", ids, [], [x.shape, scale.shape, scale.shape])
          .map((output) => info(output));
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
    },
  });
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
      free(empty);
    },
  };
}
