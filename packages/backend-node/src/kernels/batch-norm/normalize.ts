import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { NativeTensor } from "../../load/native-backend-types.ts";
import { CEILING } from "../conv/tail.ts";
import type { Native, RunGraft } from "../native.ts";
import { asRank4, batchNormAttrs, filled, reshapeAttrs } from "./operations.ts";

/** Inputs of batch norm at given statistics. All but `x` are vectors with one value per channel. */
export interface NormInputs {
  readonly x: TensorInfo;
  readonly mean: TensorInfo;
  readonly variance: TensorInfo;
  readonly scale?: TensorInfo;
  readonly offset?: TensorInfo;
}

/** Computes (x − mean)·scale/√(variance + ε) + offset. Channels are the last axis. */
export function normalize(native: Native, inputs: NormInputs, epsilon: number): NativeTensor {
  const { attr, free, id, executeMany, execute, runGraft } = native;
  const { x, mean, variance, scale, offset } = inputs;
  if (runGraft) return normalizeByGraft(native, runGraft, inputs, epsilon, "linear");
  const channels = mean.shape[0] as number;
  const ones = scale ? undefined : filled(native, channels, 1);
  const zeros = offset ? undefined : filled(native, channels, 0);
  const x4 = asRank4(native, id(x), x.shape);
  const [y, ...rest] = executeMany(
    "FusedBatchNormV3",
    [...attr.floats, ...batchNormAttrs(native, epsilon, false)],
    [
      x4?.id ?? id(x),
      ones?.id ?? id(scale as TensorInfo),
      zeros?.id ?? id(offset as TensorInfo),
      id(mean),
      id(variance),
    ],
    6,
  );
  free(ones, zeros, x4, ...rest);
  if (x4 === undefined) return y as NativeTensor;
  const shaped = execute("Reshape", reshapeAttrs(native), [(y as NativeTensor).id, native.ints(x.shape)]);
  free(y);
  return shaped;
}

/** Computes batch norm at given statistics and an activation, in one pass of our own kernel. */
export function normalizeByGraft(
  { id }: Native,
  runGraft: RunGraft,
  { x, mean, variance, scale, offset }: NormInputs,
  epsilon: number,
  activation: string,
): NativeTensor {
  const ids = [id(x), id(mean), id(variance), scale ? id(scale) : -1, offset ? id(offset) : -1];
  return runGraft("batchNorm", ids, [epsilon, CEILING[activation] as number], [x.shape])[0] as NativeTensor;
}
