import type { FusedActivation, TensorKernel } from "@graftjs/backend";
import type { NativeTensor } from "../../load/native-backend-types.ts";
import { CEILING } from "../conv/tail.ts";
import type { Native } from "../native.ts";
import { gradients } from "./gradients.ts";
import { type NormInputs, normalize, normalizeByGraft } from "./normalize.ts";
import { channelSums } from "./operations.ts";

const OPERATION = { linear: undefined, relu: "Relu", relu6: "Relu6" } as const;
/**
 * The largest float32 below 1. z times this is below 6 exactly if z ≤ 6. tfjs passes the gradient at 6, and TensorFlow's
 * Relu6Grad does not.
 */
const JUST_BELOW_ONE: number = 1 - 2 ** -24;
/** The largest float32 below 6. */
const JUST_BELOW_SIX = 6 - 2 ** -21;

/** Runs `GraftBatchNorm`: batch norm at given statistics, then an activation. */
export const batchNorm: TensorKernel<"GraftBatchNorm", Native> = (native, inputs, { varianceEpsilon, activation }) => {
  const { attr, free, info, execute, runGraft } = native;
  if (runGraft) return info(normalizeByGraft(native, runGraft, inputs, varianceEpsilon, activation));
  const z = normalize(native, inputs, varianceEpsilon);
  const operation = OPERATION[activation];
  if (operation === undefined) return info(z);
  const y = execute(operation, attr.float, [z.id]);
  free(z);
  return info(y);
};

/** Runs `GraftBatchNormGrad`: the wanted gradients of {@link batchNorm}. */
export const batchNormGrad: TensorKernel<"GraftBatchNormGrad", Native> = (native, inputs, attrs) => {
  const { free, id, info, runGraft } = native;
  const { varianceEpsilon, activation, wantX, wantScale, wantOffset } = attrs;
  if (runGraft) {
    const { dy, x, mean, variance, scale, offset } = inputs;
    const ids = [id(dy), id(x), id(mean), id(variance), scale ? id(scale) : -1, offset ? id(offset) : -1];
    const wanted = [wantX, wantScale, wantOffset];
    const numbers = [varianceEpsilon, CEILING[activation] as number, ...wanted.map(Number)];
    const shapes = [x.shape, mean.shape, mean.shape].filter((_, i) => wanted[i]);
    return runGraft("batchNormGrad", ids, numbers, shapes).map((result) => info(result));
  }
  const dz = activationGradient(native, id(inputs.dy), inputs, varianceEpsilon, activation);
  const results = gradients(native, dz?.id ?? id(inputs.dy), inputs, varianceEpsilon, attrs);
  free(dz);
  return results.map((result) => info(result));
};

/** Runs `GraftActivationGrad`: the gradient of an activation from its output, and on request its sums over each channel. */
export const activationGrad: TensorKernel<"GraftActivationGrad", Native> = (
  native,
  { dy, y },
  { activation, wantSum },
) => {
  const { attr, id, info, execute, runGraft } = native;
  const operation = OPERATION[activation];
  if (runGraft && operation) {
    // Exclude 6 itself, because y = 6 is a value that was clipped.
    const high = activation === "relu6" ? JUST_BELOW_SIX : Number.POSITIVE_INFINITY;
    const shapes = [y.shape, ...(wantSum ? [y.shape.slice(-1)] : [])];
    const numbers = [0, 0, high, Number(wantSum)];
    return runGraft("gradientBetween", [id(dy), id(y)], numbers, shapes).map((result) => info(result));
  }
  const dz = operation
    ? execute(`${operation}Grad`, attr.float, [id(dy), id(y)])
    : execute("Identity", attr.float, [id(dy)]);
  return [info(dz), ...(wantSum ? [info(channelSums(native, dz.id, y.shape))] : [])];
};

/** Computes act'(z)·dy, which the caller frees. Returns undefined for linear, because the result is dy itself. */
function activationGradient(
  native: Native,
  dy: number,
  inputs: NormInputs,
  epsilon: number,
  activation: FusedActivation,
): NativeTensor | undefined {
  const operation = OPERATION[activation];
  if (operation === undefined) return undefined;
  const { attr, execute, free, scalar } = native;
  const z = normalize(native, inputs, epsilon);
  const features = activation === "relu6" ? execute("Mul", attr.float, [z.id, scalar(JUST_BELOW_ONE)]) : undefined;
  const dz = execute(`${operation}Grad`, attr.float, [dy, features?.id ?? z.id]);
  free(z, features);
  return dz;
}
