import { l2Norm, type ParamInfo, type StepContext, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { TrustLayout } from "./layout.ts";
import type { ZeroNormPolicy } from "./trust-options.ts";

/** The ratios of the last step, for observers. The tensors have one entry per name and stay on the device. */
export type TrustState = {
  /** Marks the vectors for `readStats` of core, which passes them to the observers of a run. */
  readonly stats: "trust";
  /** The parameters of the hook or rule, in the order of the optimizer. */
  readonly names: readonly string[];
  /** Learning rate γ of each parameter in that step. */
  readonly rates: readonly number[];
  /** Whether each parameter was scaled in that step. Excluded and frozen parameters are not. */
  readonly adapted: readonly boolean[];
  /** Factor on the rate of each parameter, [n]. 1 if it is excluded, 0 if it took no part in the step. */
  readonly ratios: tf.Tensor;
  /** ‖w‖ in the ratio of each parameter, [n]: the norm of its group. 0 if it was not scaled. */
  readonly weightNorms: tf.Tensor;
  /** The norm that divided ‖w‖, [n]: of the gradient, of g + βw, or of the step, as the dialect defines. */
  readonly gradNorms: tf.Tensor;
};

/** The formula of the ratio, independent of the parameters. */
export interface TrustFormula {
  readonly trustCoefficient: number;
  readonly epsilon: number;
  /** Whether β‖w‖ is added to the denominator. */
  readonly addDecay: boolean;
  readonly minRatio: number;
  readonly maxRatio: number;
  readonly zeroNorm: ZeroNormPolicy;
  readonly rmsFloor: number;
}

/** Creates the state before the first step: no parameter is adapted, and all vectors are 0. */
export function emptyTrust(infos: readonly ParamInfo[]): TrustState {
  const zeros = (): tf.Tensor => tf.zeros([infos.length]);
  const names = infos.map(({ name }) => name);
  return {
    stats: "trust",
    names,
    rates: names.map(() => 0),
    adapted: names.map(() => false),
    ratios: zeros(),
    weightNorms: zeros(),
    gradNorms: zeros(),
  };
}

/**
 * Computes the ratios of one step.
 *
 * @param dividing the tensors whose norm is in the denominator, by name.
 */
export function computeTrust(
  layout: TrustLayout,
  { infos, params, rates }: StepContext,
  dividing: TensorMap,
  formula: TrustFormula,
): TrustState {
  const state = describeStep(emptyTrust(infos), layout, rates);
  if (layout.groups.length === 0) {
    // All adapted parameters are frozen in this step.
    return { ...state, ratios: spread(tf.zeros([0]), layout, 1) };
  }
  const adapted = layout.groups.flat();
  const perTensor = (map: TensorMap): tf.Tensor1D =>
    tf.stack(adapted.map((i) => l2Norm([map[layout.names[i] as string] as tf.Tensor]))) as tf.Tensor1D;
  const weights = perTensor(params);
  const w = grouped(weights, layout);
  const d = grouped(perTensor(dividing), layout);
  const decay = formula.addDecay && adapted.some((i) => layout.decays[i] !== 0);
  const pulled = decay
    ? grouped(tf.mul(weights, tf.tensor1d(adapted.map((i) => layout.decays[i] as number))), layout)
    : 0;
  const ratios = ratio(w, d, pulled, layout, formula);
  return {
    ...state,
    ratios: spread(ratios, layout, 1),
    weightNorms: spread(w, layout, 0),
    gradNorms: spread(d, layout, 0),
  };
}

/** Sets the parts of a state that need no computation: the rates, and which parameters are scaled. */
export function describeStep(
  state: TrustState,
  { slots, groups }: TrustLayout,
  rates: StepContext["rates"],
): TrustState {
  return {
    ...state,
    rates: state.names.map((name) => rates[name] as number),
    adapted: slots.map((slot) => slot < groups.length),
  };
}

function ratio(
  w: tf.Tensor1D,
  d: tf.Tensor1D,
  pulled: tf.Tensor1D | number,
  layout: TrustLayout,
  formula: TrustFormula,
): tf.Tensor1D {
  const { trustCoefficient, epsilon, minRatio, maxRatio, zeroNorm, rmsFloor } = formula;
  const floored =
    zeroNorm === "rms-floor" ? tf.maximum(w, tf.tensor1d(layout.sizes.map((size) => rmsFloor * Math.sqrt(size)))) : w;
  const formulaic = tf.div(tf.mul(floored, trustCoefficient), tf.add(tf.add(d, pulled), epsilon));
  const zero = tf.logicalOr(tf.equal(floored, 0), tf.equal(d, 0));
  const fallback = zeroNorm === "one" || zeroNorm === "exclude" ? 1 : trustCoefficient;
  const bounded = (x: tf.Tensor): tf.Tensor => {
    const above = minRatio > 0 ? tf.maximum(x, minRatio) : x;
    return maxRatio < Infinity ? tf.minimum(above, maxRatio) : above;
  };
  const chosen = (value: tf.Tensor): tf.Tensor => tf.where(zero, tf.fill(w.shape, fallback), value);
  return (zeroNorm === "exclude" ? chosen(bounded(formulaic)) : bounded(chosen(formulaic))) as tf.Tensor1D;
}

/** Computes the norm of each group from the norms of its members. */
function grouped(perTensor: tf.Tensor1D, { groups }: TrustLayout): tf.Tensor1D {
  if (groups.every(({ length }) => length === 1)) return perTensor;
  let start = 0;
  const parts = groups.map(({ length }) => {
    const part = tf.slice(perTensor, start, length);
    start += length;
    return l2Norm([part]);
  });
  return tf.stack(parts) as tf.Tensor1D;
}

/** Expands one value per group to one per parameter. Excluded parameters get `otherwise`, inactive ones 0. */
function spread(values: tf.Tensor, { slots }: TrustLayout, otherwise: number): tf.Tensor {
  return tf.gather(tf.concat([values, tf.tensor1d([otherwise, 0])]), tf.tensor1d([...slots], "int32"));
}
