import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import type { NativeTensor } from "../../load/native-backend-types.ts";
import { CEILING } from "../conv/tail.ts";
import type { Native } from "../native.ts";
import { gradients, type WantedGradients } from "./gradients.ts";
import { type NormInputs, normalize, normalizeByGraft } from "./normalize.ts";
import { channelSums } from "./operations.ts";

const OPERATION: Readonly<Record<string, string>> = { relu: "Relu", relu6: "Relu6" };
/**
 * The largest float32 below 1. z times this is below 6 exactly if z ≤ 6. tfjs passes the gradient at 6, and TensorFlow's
 * Relu6Grad does not.
 */
const JUST_BELOW_ONE: number = 1 - 2 ** -24;
/** The largest float32 below 6. */
const JUST_BELOW_SIX = 6 - 2 ** -21;

/** Makes the kernels of batch norm at given statistics, fused with an activation, and their gradients. */
export function batchNormKernels(
  native: Native,
): Readonly<Record<"GraftBatchNorm" | "GraftBatchNormGrad" | "GraftActivationGrad", KernelFunc>> {
  const { attr, free, id, info, execute } = native;
  return {
    GraftBatchNorm: ({ inputs, attrs }) => {
      const { varianceEpsilon, activation } = attrs as { varianceEpsilon: number; activation: string };
      const given = inputs as unknown as NormInputs;
      if (native.runGraft) return info(normalizeByGraft(native, native.runGraft, given, varianceEpsilon, activation));
      const z = normalize(native, given, varianceEpsilon);
      const operation = OPERATION[activation];
      const y = operation === undefined ? z : execute(operation, attr.float, [z.id]);
      if (y !== z) free(z);
      return info(y);
    },
    GraftBatchNormGrad: ({ inputs, attrs }) => {
      const given = inputs as unknown as NormInputs & { dy: TensorInfo };
      const { varianceEpsilon, activation, wantX, wantScale, wantOffset } = attrs as {
        varianceEpsilon: number;
        activation: string;
        wantX: boolean;
        wantScale: boolean;
        wantOffset: boolean;
      };
      const want: WantedGradients = { wantX, wantScale, wantOffset };
      if (native.runGraft) {
        const { dy, x, mean, variance, scale, offset } = given;
        const wanted: [boolean, readonly number[]][] = [
          [wantX, x.shape],
          [wantScale, mean.shape],
          [wantOffset, mean.shape],
        ];
        const numbers = [
          varianceEpsilon,
          CEILING[activation] as number,
          ...wanted.map(([isWanted]) => Number(isWanted)),
        ];
        return native
          .runGraft(
            "batchNormGrad",
            [id(dy), id(x), id(mean), id(variance), scale ? id(scale) : -1, offset ? id(offset) : -1],
            numbers,
            wanted.filter(([isWanted]) => isWanted).map(([, shape]) => shape),
          )
          .map((result) => info(result));
      }
      const dz = activationGradient(native, id(given.dy), given, varianceEpsilon, activation);
      const results = gradients(native, dz?.id ?? id(given.dy), given, varianceEpsilon, want);
      free(dz);
      return results.map((result) => info(result));
    },
    GraftActivationGrad: ({ inputs, attrs }) => {
      const { dy, y } = inputs as unknown as { dy: TensorInfo; y: TensorInfo };
      const { activation, wantSum } = attrs as { activation: string; wantSum: boolean };
      if (native.runGraft && activation !== "linear") {
        // Exclude 6 itself, because y = 6 is a value that was clipped.
        const high = activation === "relu6" ? JUST_BELOW_SIX : Number.POSITIVE_INFINITY;
        const shapes = [y.shape, ...(wantSum ? [y.shape.slice(-1)] : [])];
        const numbers = [0, 0, high, Number(wantSum)];
        return native.runGraft("gradientBetween", [id(dy), id(y)], numbers, shapes).map((result) => info(result));
      }
      const dz =
        activation === "linear"
          ? execute("Identity", attr.float, [id(dy)])
          : execute(`${OPERATION[activation]}Grad`, attr.float, [id(dy), id(y)]);
      return [info(dz), ...(wantSum ? [info(channelSums(native, dz.id, y.shape))] : [])];
    },
  };
}

/** Computes act'(z)·dy, which the caller frees. Returns undefined for linear, because the result is dy itself. */
function activationGradient(
  native: Native,
  dy: number,
  inputs: NormInputs,
  epsilon: number,
  activation: string,
): NativeTensor | undefined {
  if (activation === "linear") return undefined;
  const { attr, execute, free, scalar } = native;
  const z = normalize(native, inputs, epsilon);
  const features = activation === "relu6" ? execute("Mul", attr.float, [z.id, scalar(JUST_BELOW_ONE)]) : undefined;
  const dz = execute(`${OPERATION[activation]}Grad`, attr.float, [dy, features?.id ?? z.id]);
  free(z, features);
  return dz;
}
