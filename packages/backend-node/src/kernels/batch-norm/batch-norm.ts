import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import { util } from "@tensorflow/tfjs-core";
import type { NativeTensor, OpAttr } from "../../load/native-backend-types.ts";
import { CEILING } from "../conv/tail.ts";
import type { Native, RunGraft } from "../native.ts";

/** What normalizes: vectors of one value a channel. */
interface Vectors {
  readonly x: TensorInfo;
  readonly mean: TensorInfo;
  readonly variance: TensorInfo;
  readonly scale?: TensorInfo;
  readonly offset?: TensorInfo;
}

const OPERATION: Readonly<Record<string, string>> = { relu: "Relu", relu6: "Relu6" };
/** The largest float32 below 1. z·this < 6 exactly where z ≤ 6: tfjs lets the gradient pass at 6, TensorFlow's Relu6Grad does not. */
const JUST_BELOW_ONE: number = 1 - 2 ** -24;
/** The largest float32 below 6. */
const JUST_BELOW_SIX = 6 - 2 ** -21;

/** Batch norm at given statistics, and its gradients, by TensorFlow's fused operations. Channels last. */
export function batchNormKernels(
  native: Native,
): Readonly<Record<"GraftBatchNorm" | "GraftBatchNormGrad" | "GraftActivationGrad", KernelFunc>> {
  const { attr, free, id, info, one, scalar } = native;

  /** act'(z)·dy, `dy` itself for linear. The caller frees what is new. */
  const throughActivation = (
    dy: number,
    inputs: Vectors,
    epsilon: number,
    activation: string,
  ): NativeTensor | undefined => {
    if (activation === "linear") return undefined;
    const z = normalize(native, inputs, epsilon);
    const features = activation === "relu6" ? one("Mul", attr.float, [z.id, scalar(JUST_BELOW_ONE)]) : undefined;
    const dz = one(`${OPERATION[activation]}Grad`, attr.float, [dy, features?.id ?? z.id]);
    free(z, features);
    return dz;
  };

  return {
    GraftBatchNorm: ({ inputs, attrs }) => {
      const { varianceEpsilon, activation } = attrs as { varianceEpsilon: number; activation: string };
      const given = inputs as unknown as Vectors;
      if (native.own) return info(normalizeByOwn(native, native.own, given, varianceEpsilon, activation));
      const z = normalize(native, given, varianceEpsilon);
      const operation = OPERATION[activation];
      const y = operation === undefined ? z : one(operation, attr.float, [z.id]);
      if (y !== z) free(z);
      return info(y);
    },
    GraftBatchNormGrad: ({ inputs, attrs }) => {
      const given = inputs as unknown as Vectors & { dy: TensorInfo };
      const { varianceEpsilon, activation, wantX, wantScale, wantOffset } = attrs as {
        varianceEpsilon: number;
        activation: string;
        wantX: boolean;
        wantScale: boolean;
        wantOffset: boolean;
      };
      if (native.own) {
        const { dy, x, mean, variance, scale, offset } = given;
        const wanted: [boolean, readonly number[]][] = [
          [wantX, x.shape],
          [wantScale, mean.shape],
          [wantOffset, mean.shape],
        ];
        const numbers = [varianceEpsilon, CEILING[activation] as number, ...wanted.map(([want]) => Number(want))];
        return native
          .own(
            4,
            [id(dy), id(x), id(mean), id(variance), scale ? id(scale) : -1, offset ? id(offset) : -1],
            numbers,
            wanted.filter(([want]) => want).map(([, shape]) => shape),
          )
          .map((result) => info(result));
      }
      const dz = throughActivation(id(given.dy), given, varianceEpsilon, activation);
      const results = gradients(native, dz?.id ?? id(given.dy), given, varianceEpsilon, {
        wantX,
        wantScale,
        wantOffset,
      });
      free(dz);
      return results.map((result) => info(result));
    },
    GraftActivationGrad: ({ inputs, attrs }) => {
      const { dy, y } = inputs as unknown as { dy: TensorInfo; y: TensorInfo };
      const { activation, wantSum } = attrs as { activation: string; wantSum: boolean };
      if (native.own && activation !== "linear") {
        // 6 itself does not pass here: y = 6 is what was cut off.
        const high = activation === "relu6" ? JUST_BELOW_SIX : Number.POSITIVE_INFINITY;
        const shapes = [y.shape, ...(wantSum ? [y.shape.slice(-1)] : [])];
        return native.own(5, [id(dy), id(y)], [0, 0, high, Number(wantSum)], shapes).map((result) => info(result));
      }
      const dz =
        activation === "linear"
          ? one("Identity", attr.float, [id(dy)])
          : one(`${OPERATION[activation]}Grad`, attr.float, [id(dy), id(y)]);
      return [info(dz), ...(wantSum ? [info(channelSums(native, dz.id, y.shape))] : [])];
    },
  };
}

function normalizeByOwn(
  { id }: Native,
  own: RunGraft,
  { x, mean, variance, scale, offset }: Vectors,
  epsilon: number,
  activation: string,
): NativeTensor {
  const ids = [id(x), id(mean), id(variance), scale ? id(scale) : -1, offset ? id(offset) : -1];
  return own(3, ids, [epsilon, CEILING[activation] as number], [x.shape])[0] as NativeTensor;
}

/** (x − mean)·scale/√(variance + ε) + offset. */
export function normalize(
  native: Native,
  { x, mean, variance, scale, offset }: Vectors,
  epsilon: number,
): NativeTensor {
  const { attr, free, id, many, one } = native;
  if (native.own)
    return normalizeByOwn(
      native,
      native.own,
      { x, mean, variance, ...(scale ? { scale } : {}), ...(offset ? { offset } : {}) },
      epsilon,
      "linear",
    );
  const channels = mean.shape[0] as number;
  const ones = scale ? undefined : filled(native, channels, 1);
  const zeros = offset ? undefined : filled(native, channels, 0);
  const four = asRank4(native, id(x), x.shape);
  const [y, ...rest] = many(
    "FusedBatchNormV3",
    [...attr.floats, ...options(native, epsilon, false)],
    [
      four?.id ?? id(x),
      ones?.id ?? id(scale as TensorInfo),
      zeros?.id ?? id(offset as TensorInfo),
      id(mean),
      id(variance),
    ],
    6,
  );
  free(ones, zeros, four, ...rest);
  if (four === undefined) return y as NativeTensor;
  const back = one("Reshape", reshapeAttrs(native), [(y as NativeTensor).id, native.ints(x.shape)]);
  free(y);
  return back;
}

/** The wanted ones of [dx, dscale, doffset], for the gradient `dz` at what `normalize` returns. */
export function gradients(
  native: Native,
  dz: number,
  { x, mean, variance, scale }: Vectors,
  epsilon: number,
  want: { readonly wantX: boolean; readonly wantScale: boolean; readonly wantOffset: boolean },
): NativeTensor[] {
  const { attr, free, id, many, one, own, scalar } = native;
  if (own) {
    const wanted = [want.wantX, want.wantScale, want.wantOffset];
    const shapes = [x.shape, mean.shape, mean.shape].filter((_, i) => wanted[i]);
    return own(
      4,
      [dz, id(x), id(mean), id(variance), scale ? id(scale) : -1, -1],
      [epsilon, 0, ...wanted.map(Number)],
      shapes,
    );
  }
  const channels = mean.shape[0] as number;
  if (want.wantScale) {
    const ones = scale ? undefined : filled(native, channels, 1);
    const [x4, dz4] = [asRank4(native, id(x), x.shape), asRank4(native, dz, x.shape)];
    const [dx, dScale, dOffset, ...rest] = many(
      "FusedBatchNormGradV3",
      [...attr.floats, ...options(native, epsilon, false)],
      [dz4?.id ?? dz, x4?.id ?? id(x), ones?.id ?? id(scale as TensorInfo), id(mean), id(variance), scalar(0)],
      5,
    );
    free(ones, x4, dz4, ...rest);
    const shapedDx =
      x4 && want.wantX
        ? one("Reshape", reshapeAttrs(native), [(dx as NativeTensor).id, native.ints(x.shape)])
        : undefined;
    if (shapedDx || !want.wantX) free(dx);
    if (!want.wantOffset) free(dOffset);
    return [
      ...(want.wantX ? [shapedDx ?? (dx as NativeTensor)] : []),
      dScale as NativeTensor,
      ...(want.wantOffset ? [dOffset as NativeTensor] : []),
    ];
  }
  const results: NativeTensor[] = [];
  if (want.wantX) {
    const factor = perDeviation(native, variance, scale, epsilon);
    results.push(one("Mul", attr.float, [dz, factor.id]));
    free(factor);
  }
  if (want.wantOffset) results.push(channelSums(native, dz, x.shape));
  return results;
}

/** scale/√(variance + ε), one value a channel. */
export function perDeviation(
  { attr, free, id, one, scalar }: Native,
  variance: TensorInfo,
  scale: TensorInfo | undefined,
  epsilon: number,
): NativeTensor {
  const sum = one("AddV2", attr.float, [id(variance), scalar(epsilon)]);
  const inverse = one("Rsqrt", attr.float, [sum.id]);
  free(sum);
  if (scale === undefined) return inverse;
  const scaled = one("Mul", attr.float, [inverse.id, id(scale)]);
  free(inverse);
  return scaled;
}

/** Sums over every axis but the last. */
export function channelSums({ attr, one }: Native, tensor: number, shape: readonly number[]): NativeTensor {
  return shape.length === 1
    ? one("Identity", attr.float, [tensor])
    : one("BiasAddGrad", [...attr.float, attr.text("data_format", "NHWC")], [tensor]);
}

/** Attributes that TensorFlow's batch norms share. */
export function options({ attr }: Native, epsilon: number, training: boolean): readonly OpAttr[] {
  return [attr.number("epsilon", epsilon), attr.text("data_format", "NHWC"), attr.bool("is_training", training)];
}

export function reshapeAttrs({ attr, backend }: Native): readonly OpAttr[] {
  return [...attr.float, attr.type("Tshape", backend.binding.TF_INT32)];
}

/** TensorFlow's batch norms take rank 4 alone: [N,1,1,C] of anything else, `undefined` where it is rank 4. */
export function asRank4(native: Native, tensor: number, shape: readonly number[]): NativeTensor | undefined {
  if (shape.length === 4) return undefined;
  const channels = shape.at(-1) as number;
  return native.one("Reshape", reshapeAttrs(native), [
    tensor,
    native.ints([util.sizeFromShape([...shape]) / channels, 1, 1, channels]),
  ]);
}

function filled({ attr, backend, ints, one, scalar }: Native, length: number, value: number): NativeTensor {
  return one(
    "Fill",
    [...attr.float, attr.type("index_type", backend.binding.TF_INT32)],
    [ints([length]), scalar(value)],
  );
}
