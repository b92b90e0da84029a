import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { channelSums, gradients, perDeviation } from "../kernels/batch-norm/batch-norm.ts";
import type { Native } from "../kernels/native.ts";
import type { FastGradient } from "../kernels/registration.ts";

/**
 * Gradients of `tf.batchNorm` at given statistics. Each is computed when it is asked for: a frozen batch norm asks for x
 * alone, which is one multiplication.
 */
export function batchNormGradient(native: Native): FastGradient {
  const { attr, free, info, one, scalar, id } = native;
  const asTensor = (made: ReturnType<Native["one"]>): Tensor => tf.engine().makeTensorFromTensorInfo(info(made));
  return {
    gradient: (dy, [x, mean, variance, scale], attrs) => {
      const { varianceEpsilon: epsilon } = attrs as { varianceEpsilon: number };
      if (!x || !mean || !variance || mean.rank !== 1 || x.rank !== 4 || x.dtype !== "float32") return undefined;
      const given = { x, mean, variance, ...(scale ? { scale } : {}) };
      const only = (wanted: "wantX" | "wantScale" | "wantOffset"): Tensor => {
        const want = { wantX: false, wantScale: false, wantOffset: false, [wanted]: true };
        const [result] = gradients(native, id(dy), given, epsilon, want);
        return asTensor(result as NonNullable<typeof result>);
      };
      return {
        x: () => only("wantX"),
        scale: () => only("wantScale"),
        offset: () => only("wantOffset"),
        // −Σdy · scale/√(variance + ε)
        mean: () => {
          const [sums, factor] = [channelSums(native, id(dy), x.shape), perDeviation(native, variance, scale, epsilon)];
          const product = one("Mul", attr.float, [sums.id, factor.id]);
          const result = one("Neg", attr.float, [product.id]);
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
          const shifted = one("AddV2", attr.float, [id(variance), scalar(epsilon)]);
          const halved = one("Mul", attr.float, [(dScale as NonNullable<typeof dScale>).id, scalar(-0.5)]);
          const scaled = scale ? one("Mul", attr.float, [halved.id, id(scale)]) : undefined;
          const result = one("RealDiv", attr.float, [scaled?.id ?? halved.id, shifted.id]);
          free(dScale, shifted, halved, scaled);
          return asTensor(result);
        },
      };
    },
  };
}
