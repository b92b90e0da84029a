import {
  inOrder,
  type OptionSchema,
  type OptionsSchema,
  optionsSchema,
  runFused,
  sgd,
  type TensorMap,
  type UpdateRule,
  zerosLike,
} from "@graftjs/core";
import { scaledGradients } from "./lars.ts";
import { type LarsOptions, larsFields, resolveLars } from "./lars-options.ts";
import { fusedTrust } from "./trust/fused-trust.ts";
import { trustLayouts } from "./trust/layout.ts";
import { addDecay, atUnitRate, scaleByTrust } from "./trust/scale.ts";
import { computeTrust, describeStep, emptyTrust, type TrustState } from "./trust/trust.ts";

/** Options of {@link larsMomentum}. */
export interface LarsMomentumOptions extends LarsOptions {
  /** m, in [0, 1). 0 needs no state for the velocity. @default 0 in `torch` and `larc`, else 0.9 */
  readonly momentum?: number;
  /** τ, share of the step that does not enter the velocity, in [0, 1). @default 0 */
  readonly dampening?: number;
  /** Whether to look ahead along the velocity (Nesterov), in the form of the dialect. @default false */
  readonly nesterov?: boolean;
}

/** State of {@link larsMomentum}. */
export type LarsMomentumState = { readonly velocity: TensorMap; readonly trust: TrustState };

const share: OptionSchema = { type: "number", minimum: 0, exclusiveMaximum: 1 };
export const larsMomentumOptions: OptionsSchema<LarsMomentumOptions, "dampening" | "nesterov"> = optionsSchema<
  LarsMomentumOptions,
  "dampening" | "nesterov"
>({
  ...larsFields,
  momentum: {
    ...share,
    description: "m, share of the velocity that is kept. Default 0 in `torch` and `larc`, else 0.9",
  },
  dampening: { ...share, default: 0, description: "τ, share of the step that does not enter the velocity" },
  nesterov: { type: "boolean", default: false, description: "Nesterov's look-ahead, in the form of the dialect" },
});

/**
 * Creates the rule of LARS with momentum, the complete optimizer. See {@link LarsDialect} for the equations.
 *
 * The schedule of the paper is a warm-up followed by a decay as (1 − t)². Set it as the learning rate:
 * `warmup({ steps, schedule: polynomial({ start, steps }) })`.
 *
 * The rule runs one kernel for all tensors if the backend has `GraftLars`. Otherwise it uses tfjs operations, with equal
 * results. State: one tensor per parameter if there is momentum, and the ratios. See {@link TrustState}.
 *
 * @throws OptionsError if an option is unknown or out of range; SelectionError if a selector matches nothing, or if every
 *   parameter is excluded from the ratio.
 */
export function larsMomentum(options: LarsMomentumOptions = {}): UpdateRule<LarsMomentumState> {
  const resolved = resolveLars("lars-momentum", larsMomentumOptions, options);
  const { spec, weightDecay, formula } = resolved;
  const { momentum = spec.momentum, dampening = 0, nesterov = false } = options;
  const { denominator, clipToRate, rateInVelocity } = spec;
  const layoutOf = trustLayouts("lars-momentum", weightDecay, options);
  const descent = sgd({ momentum, dampening, nesterov, rateInVelocity });
  return {
    name: "lars-momentum",
    terminal: true,
    init(_, infos) {
      layoutOf(infos, []);
      return { velocity: {}, trust: emptyTrust(infos) };
    },
    transform(grads, { velocity }, ctx) {
      const layout = layoutOf(ctx.infos, Object.keys(grads));
      if (denominator !== "velocity") {
        const ratio = scaledGradients(grads, ctx, layout, resolved);
        const out = descent.transform(ratio.grads, { velocity }, ctx);
        return { updates: out.updates, state: { velocity: out.state.velocity, trust: ratio.state } };
      }
      // The ratio is that of the whole step. So momentum comes first, with rate 1.
      const out = descent.transform(addDecay(grads, ctx.params, layout), { velocity }, atUnitRate(ctx));
      const found = computeTrust(layout, ctx, out.updates, formula);
      const updates = scaleByTrust(out.updates, found, layout, ctx.rates);
      return { updates, state: { velocity: out.state.velocity, trust: found } };
    },
    applyFused(variables, grads, { velocity, trust }, { infos, rates }) {
      const names = Object.keys(variables);
      const layout = layoutOf(infos, names);
      const slots = momentum === 0 ? {} : { ...zerosLike(missing(variables, velocity)), ...velocity };
      const ran = runFused("GraftLars", {
        variables: inOrder(names, variables),
        grads: inOrder(names, grads),
        velocities: momentum === 0 ? [] : inOrder(names, slots as TensorMap),
        first: names.map((name) => !velocity[name]),
        learningRates: inOrder(names, rates),
        denominator,
        clipToRate,
        rateInVelocity,
        momentum,
        dampening,
        nesterov,
        trustCoefficient: formula.trustCoefficient,
        epsilon: formula.epsilon,
        ...fusedTrust(layout, infos, formula, trust),
      });
      return ran ? { state: { velocity: slots, trust: describeStep(trust, layout, rates) } } : undefined;
    },
  };
}

function missing(params: TensorMap, slots: TensorMap): TensorMap {
  return Object.fromEntries(Object.entries(params).filter(([name]) => !slots[name]));
}
