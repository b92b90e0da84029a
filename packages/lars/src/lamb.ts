import {
  type AdamState,
  adam,
  inOrder,
  l2Norm,
  mapTensors,
  type OptionSchema,
  type OptionsSchema,
  optionsSchema,
  runFused,
  type TensorMap,
  type UpdateRule,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { fusedTrust } from "./trust/fused-trust.ts";
import { trustLayouts } from "./trust/layout.ts";
import { addDecay, atUnitRate, scaleByTrust } from "./trust/scale.ts";
import { computeTrust, describeStep, emptyTrust, type TrustFormula, type TrustState } from "./trust/trust.ts";
import { assertTrust, type TrustOptions, trustFields, type ZeroNormPolicy } from "./trust/trust-options.ts";

/** Options of {@link lamb} and {@link lambc}. */
export interface LambOptions extends Omit<TrustOptions, "zeroNorm"> {
  /** Decay of the first moment, in [0, 1). @default 0.9 */
  readonly beta1?: number;
  /** Decay of the second moment, in [0, 1). @default 0.999 */
  readonly beta2?: number;
  /** Added to √v̂, after taking the root, ≥ 0. @default 1e-6 */
  readonly epsilon?: number;
  /** β, decay. It is added to the direction of Adam before the ratio is computed, ≥ 0. @default 0.01 */
  readonly weightDecay?: number;
  /** Largest global norm of the gradients, > 0 (1 in NVLAMB and timm). Larger gradients are scaled down. @default no limit */
  readonly maxGradNorm?: number;
  /** Ratio of a parameter whose weights are all zero. See {@link ZeroNormPolicy}. @default "rms-floor" */
  readonly zeroNorm?: Extract<ZeroNormPolicy, "rms-floor" | "one">;
}

/** State of {@link lamb}. */
export type LambState = { readonly moments: AdamState; readonly trust: TrustState };

const share: OptionSchema = { type: "number", minimum: 0, exclusiveMaximum: 1 };
export const lambOptions: OptionsSchema<LambOptions, "beta1" | "beta2" | "epsilon" | "weightDecay" | "zeroNorm"> =
  optionsSchema<LambOptions, "beta1" | "beta2" | "epsilon" | "weightDecay" | "zeroNorm">({
    beta1: { ...share, default: 0.9, description: "Decay of the first moment" },
    beta2: { ...share, default: 0.999, description: "Decay of the second moment" },
    epsilon: { type: "number", minimum: 0, default: 1e-6, description: "Added to the root of the second moment" },
    weightDecay: {
      type: "number",
      minimum: 0,
      default: 0.01,
      description: "β, decay that is added to Adam's direction before the ratio is taken",
    },
    maxGradNorm: {
      type: "number",
      exclusiveMinimum: 0,
      description: "Largest global norm of the gradients (NVLAMB: 1). By default they are not clipped",
    },
    ...trustFields,
    zeroNorm: {
      enum: ["rms-floor", "one"],
      default: "rms-floor",
      description: "Ratio of a parameter whose weights are all zero",
    },
  });

/**
 * Creates the rule of LAMB (You et al. 2020, alg. 2, with the identity for φ): u = m̂/(√v̂ + ε) + βw and w ← w − γ·(‖w‖/‖u‖)·u,
 * with the bias-corrected moments of Adam. With `maxGradNorm: 1` it is NVLAMB, with `maxRatio: 1` it is LAMBC.
 *
 * The rule runs one kernel for all tensors if the backend has `GraftLamb`. Otherwise it uses tfjs operations, with equal
 * results. State: two tensors per parameter, and the ratios. See {@link TrustState}.
 *
 * @throws OptionsError if an option is unknown or out of range; SelectionError if a selector matches nothing, or if every
 *   parameter is excluded from the ratio.
 */
export function lamb(options: LambOptions = {}): UpdateRule<LambState> {
  return rule("lamb", options);
}

/** Creates the rule of LAMBC: {@link lamb} with a ratio of at most 1 (timm `lambc`). The option `maxRatio` overrides this. */
export function lambc(options: LambOptions = {}): UpdateRule<LambState> {
  return rule("lambc", { maxRatio: 1, ...options });
}

function rule(name: string, options: LambOptions): UpdateRule<LambState> {
  lambOptions.parse(name, options);
  assertTrust(name, options);
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-6, weightDecay = 0.01, maxGradNorm } = options;
  const { minRatio = 0, maxRatio = Infinity, zeroNorm = "rms-floor", rmsFloor = 0.01 } = options;
  const formula: TrustFormula = {
    ...{ trustCoefficient: 1, epsilon: 0, addDecay: false },
    ...{ minRatio, maxRatio, zeroNorm, rmsFloor },
  };
  const layoutOf = trustLayouts(name, weightDecay, options);
  const moments = adam({ beta1, beta2, epsilon });
  const clip = (grads: TensorMap): TensorMap => (maxGradNorm === undefined ? grads : clipped(grads, maxGradNorm));
  return {
    name,
    terminal: true,
    init(params, infos) {
      layoutOf(infos, []);
      return { moments: moments.init(params, infos), trust: emptyTrust(infos) };
    },
    transform(grads, state, ctx) {
      const layout = layoutOf(ctx.infos, Object.keys(grads));
      const direction = moments.transform(clip(grads), state.moments, atUnitRate(ctx));
      const u = addDecay(direction.updates, ctx.params, layout);
      const found = computeTrust(layout, ctx, u, formula);
      return { updates: scaleByTrust(u, found, layout, ctx.rates), state: { moments: direction.state, trust: found } };
    },
    applyFused(variables, grads, { moments: { m, v, count: before }, trust }, { infos, rates }) {
      // With ε = 0, a parameter without gradient gives 0/0: only a step that is not in place can be refused afterwards.
      if (epsilon < 1e-30 || !tf.getKernel("GraftLamb", tf.getBackend())) return undefined;
      const names = Object.keys(variables);
      const layout = layoutOf(infos, names);
      const count = Object.fromEntries(names.map((key) => [key, (before[key] ?? 0) + 1]));
      const clippedGrads = clip(grads);
      runFused("GraftLamb", {
        variables: inOrder(names, variables),
        grads: inOrder(names, clippedGrads),
        m: inOrder(names, m),
        v: inOrder(names, v),
        learningRates: inOrder(names, rates),
        corrections1: names.map((key) => 1 - beta1 ** (count[key] as number)),
        corrections2: names.map((key) => 1 - beta2 ** (count[key] as number)),
        beta1,
        beta2,
        epsilon,
        ...fusedTrust(layout, infos, formula, trust),
      });
      return { state: { moments: { m, v, count }, trust: describeStep(trust, layout, rates) } };
    },
  };
}

/** Computes g / max(1, ‖all g‖ / c). */
function clipped(grads: TensorMap, maxNorm: number): TensorMap {
  const over = tf.maximum(tf.div(l2Norm(Object.values(grads)), maxNorm), 1);
  return mapTensors(grads, (g) => tf.div(g, over));
}
