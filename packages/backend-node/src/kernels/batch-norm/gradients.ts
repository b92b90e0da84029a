import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { NativeTensor } from "../../load/native-backend-types.ts";
import type { Native } from "../native.ts";
import type { NormInputs } from "./normalize.ts";
import { asRank4, batchNormAttrs, channelSums, filled, reshapeAttrs } from "./operations.ts";

/** Which gradients of batch norm to compute. */
export interface WantedGradients {
  readonly wantX: boolean;
  readonly wantScale: boolean;
  readonly wantOffset: boolean;
}

/**
 * Computes gradients of {@link normalize}.
 *
 * @param dz id of the gradient with respect to the result.
 * @returns the wanted ones of [dx, dscale, doffset], in this order.
 */
export function gradients(
  native: Native,
  dz: number,
  inputs: NormInputs,
  epsilon: number,
  want: WantedGradients,
): NativeTensor[] {
  const { id, runGraft } = native;
  const { x, mean, variance, scale } = inputs;
  if (runGraft) {
    const wanted = [want.wantX, want.wantScale, want.wantOffset];
    const shapes = [x.shape, mean.shape, mean.shape].filter((_, i) => wanted[i]);
    const ids = [dz, id(x), id(mean), id(variance), scale ? id(scale) : -1, -1];
    return runGraft("batchNormGrad", ids, [epsilon, 0, ...wanted.map(Number)], shapes);
  }
  return want.wantScale
    ? gradientsWithScale(native, dz, inputs, epsilon, want)
    : gradientsWithoutScale(native, dz, inputs, epsilon, want);
}

function gradientsWithScale(
  native: Native,
  dz: number,
  { x, mean, variance, scale }: NormInputs,
  epsilon: number,
  want: WantedGradients,
): NativeTensor[] {
  const { attr, free, id, executeMany, execute, scalar } = native;
  const ones = scale ? undefined : filled(native, mean.shape[0] as number, 1);
  const [x4, dz4] = [asRank4(native, id(x), x.shape), asRank4(native, dz, x.shape)];
  const [dx, dScale, dOffset, ...rest] = executeMany(
    "FusedBatchNormGradV3",
    [...attr.floats, ...batchNormAttrs(native, epsilon, false)],
    [dz4?.id ?? dz, x4?.id ?? id(x), ones?.id ?? id(scale as TensorInfo), id(mean), id(variance), scalar(0)],
    5,
  ) as [NativeTensor, NativeTensor, NativeTensor, ...NativeTensor[]];
  free(ones, x4, dz4, ...rest);
  const shapedDx =
    x4 && want.wantX ? execute("Reshape", reshapeAttrs(native), [dx.id, native.ints(x.shape)]) : undefined;
  if (shapedDx || !want.wantX) free(dx);
  if (!want.wantOffset) free(dOffset);
  return [...(want.wantX ? [shapedDx ?? dx] : []), dScale, ...(want.wantOffset ? [dOffset] : [])];
}

/** Needs a multiplication for dx and a sum for doffset. TensorFlow's own gradient always computes all three. */
function gradientsWithoutScale(
  native: Native,
  dz: number,
  { x, variance, scale }: NormInputs,
  epsilon: number,
  want: WantedGradients,
): NativeTensor[] {
  const results: NativeTensor[] = [];
  if (want.wantX) {
    const factor = channelFactor(native, variance, scale, epsilon);
    results.push(native.execute("Mul", native.attr.float, [dz, factor.id]));
    native.free(factor);
  }
  if (want.wantOffset) results.push(channelSums(native, dz, x.shape));
  return results;
}

/** Computes scale/√(variance + ε) for each channel. */
export function channelFactor(
  { attr, free, id, execute, scalar }: Native,
  variance: TensorInfo,
  scale: TensorInfo | undefined,
  epsilon: number,
): NativeTensor {
  const sum = execute("AddV2", attr.float, [id(variance), scalar(epsilon)]);
  const inverse = execute("Rsqrt", attr.float, [sum.id]);
  free(sum);
  if (scale === undefined) return inverse;
  const scaled = execute("Mul", attr.float, [inverse.id, id(scale)]);
  free(inverse);
  return scaled;
}
