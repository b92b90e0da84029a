import type { ParamInfo, StepContext, TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { TrustLayout } from "./layout.ts";
import { norms, scaledNorm } from "./norm.ts";
import type { ZeroNormPolicy } from "./trust-options.ts";

/** What a step left for whoever watches: one entry for each of `names`, on the device. */
export type TrustState = {
  /** Marks the vectors for core's `readStats`, and so for the observers of a run: see `VectorProbe`. */
  readonly stats: "trust";
  /** The parameters the hook or rule was given, in the optimizer's order. */
  readonly names: readonly string[];
  /** Rate γ of each in that step. */
  readonly rates: readonly number[];
  /** Whether each was scaled in that step: not excluded, not frozen. */
  readonly adapted: readonly boolean[];
  /** Factor on the rate of each, [n]: 1 where it is excluded, 0 where it took no part in the step. */
  readonly ratios: tf.Tensor;
  /** ‖w‖ that entered the ratio, of the group where a group shares one, [n]; 0 where it was not scaled. */
  readonly weightNorms: tf.Tensor;
  /** The norm that ‖w‖ was divided by, ‖g‖, ‖g + βw‖ or that of the step, as the dialect says, [n]. */
  readonly gradNorms: tf.Tensor;
};

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

/** Ratios of one step. `dividing` holds, by name, what the norm in the denominator is taken of. */
export function computeTrust(
  layout: TrustLayout,
  { infos, params, rates }: StepContext,
  dividing: TensorMap,
  formula: TrustFormula,
): TrustState {
  const state = describeStep(emptyTrust(infos), layout, rates);
  if (layout.groups.length === 0) {
    // Everything that is adapted is frozen in this step.
    return { ...state, ratios: spread(tf.zeros([0]), layout, 1) };
  }
  const adapted = layout.groups.flat();
  const perTensor = (map: TensorMap): tf.Tensor1D =>
    norms(adapted.map((i) => map[layout.names[i] as string] as tf.Tensor));
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

/** `state` with what is known of a step without computing: its rates, and who was scaled. */
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

/** The norm of each group from its members' norms. */
function grouped(perTensor: tf.Tensor1D, { groups }: TrustLayout): tf.Tensor1D {
  if (groups.every(({ length }) => length === 1)) return perTensor;
  let at = 0;
  const parts = groups.map(({ length }) => {
    const part = tf.slice(perTensor, at, length);
    at += length;
    return scaledNorm(part);
  });
  return tf.stack(parts) as tf.Tensor1D;
}

/** One value a group → one for each of the optimizer's parameters; excluded ones get `otherwise`, idle ones 0. */
function spread(values: tf.Tensor, { slots }: TrustLayout, otherwise: number): tf.Tensor {
  return tf.gather(tf.concat([values, tf.tensor1d([otherwise, 0])]), tf.tensor1d([...slots], "int32"));
}
