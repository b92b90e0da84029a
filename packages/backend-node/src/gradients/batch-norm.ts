import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { channelFactor, gradients } from "../kernels/batch-norm/gradients.ts";
import { channelSums } from "../kernels/batch-norm/operations.ts";
import type { Native } from "../kernels/native.ts";
import type { FastGradient } from "./replace-gradients.ts";

/**
 * Makes the gradient of `tf.batchNorm` at given statistics. Each part is computed on request. A frozen batch norm requests
 * only that of x, which is one multiplication.
 */
export function batchNormGradient(native: Native): FastGradient {
  const { attr, free, info, execute, scalar, id } = native;
  const asTensor = (made: ReturnType<Native["execute"]>): Tensor => tf.engine().makeTensorFromTensorInfo(info(made));
  return {
    gradient: (dy, [x, mean, variance, scale], attrs) => {
      const { varianceEpsilon: epsilon } = attrs as { varianceEpsilon: number };
      if (!x || !mean || !variance || mean.rank !== 1 || x.rank !== 4 || x.dtype !== "float32") return undefined;
      const given = { x, mean, variance, ...(scale ? { scale } : {}) };
      const compute = (wanted: "wantX" | "wantScale" | "wantOffset"): Tensor => {
        const want = { wantX: false, wantScale: false, wantOffset: false, [wanted]: true };
        const [result] = gradients(native, id(dy), given, epsilon, want);
        return asTensor(result as NonNullable<typeof result>);
      };
      return {
        x: () => compute("wantX"),
        scale: () => compute("wantScale"),
        offset: () => compute("wantOffset"),
        // −Σdy · scale/√(variance + ε)
        mean: () => {
          const [sums, factor] = [
            channelSums(native, id(dy), x.shape),
            channelFactor(native, variance, scale, epsilon),
          ];
          const product = execute("Mul", attr.float, [sums.id, factor.id]);
          const result = execute("Neg", attr.float, [product.id]);
          free(sums, factor, product);
          return asTensor(result);
        },
        // −½ · dscale · scale/(variance + ε)
        variance: () => {
          const [dScale] = gradients(native, id(dy), given, epsilon, {
            wantX: false,
            wantScale: true,
            wantOffset: false,
          });
          const shifted = execute("AddV2", attr.float, [id(variance), scalar(epsilon)]);
          const halved = execute("Mul", attr.float, [(dScale as NonNullable<typeof dScale>).id, scalar(-0.5)]);
          const scaled = scale ? execute("Mul", attr.float, [halved.id, id(scale)]) : undefined;
          const result = execute("RealDiv", attr.float, [scaled?.id ?? halved.id, shifted.id]);
          free(dScale, shifted, halved, scaled);
          return asTensor(result);
        },
      };
    },
  };
}
