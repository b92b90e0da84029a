import { mapTensors, type OptimizerHook, type StepContext, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type LarsOptions, larsOptions, type ResolvedLars, resolveLars } from "./lars-options.ts";
import { type TrustLayout, trustLayouts } from "./trust/layout.ts";
import { addDecay, clipToRate, scalars, scaleByTrust } from "./trust/scale.ts";
import { computeTrust, emptyTrust, type TrustState } from "./trust/trust.ts";

const cancels =
  "Adam divides by the scale of each gradient, so the ratio cancels. Use the rule `lamb` or the rule `sgd`.";

/** Rules that cancel a ratio on the gradient, and the reason. */
export const adamCancels: Readonly<Record<string, string>> = { adam: cancels, adamw: cancels };

/**
 * Creates the hook of layer-wise adaptive rate scaling (You, Gitman & Ginsburg 2017, eq. 6). It can precede any rule, as
 * NVIDIA's LARC does: g ← λ·(g + βw) with λ = η‖w‖ / (‖g‖ + β‖w‖ + ε). So a step changes each parameter by γη of its norm.
 *
 * The hook keeps the shapes of the gradients. Parameters that are excluded from ratio and decay are unchanged, bit for bit.
 * With the rule `sgd({ momentum, rateInVelocity: true })` it is the optimizer of the paper. {@link larsMomentum} combines
 * the two, and uses a fused kernel if the backend has one.
 *
 * State: three vectors with one entry per parameter, for observers. See {@link TrustState}.
 *
 * @throws OptionsError if an option is unknown or out of range; SelectionError if a selector matches nothing, or if every
 *   parameter is excluded from the ratio.
 */
export function lars(options: LarsOptions = {}): OptimizerHook<TrustState> {
  const resolved = resolveLars("lars", larsOptions, options);
  const layoutOf = trustLayouts("lars", resolved.weightDecay, options);
  return {
    name: "lars",
    conflicts: adamCancels,
    init(_, infos) {
      layoutOf(infos, []);
      return emptyTrust(infos);
    },
    transform: (grads, _, ctx) => scaledGradients(grads, ctx, layoutOf(ctx.infos, Object.keys(grads)), resolved),
  };
}

/** Computes λ·(g + βw) for every gradient, and the ratios. */
export function scaledGradients(
  grads: TensorMap,
  ctx: StepContext,
  layout: TrustLayout,
  { spec, formula }: ResolvedLars,
): { grads: TensorMap; state: TrustState } {
  const withDecay = addDecay(grads, ctx.params, layout);
  const found = computeTrust(layout, ctx, formula.addDecay ? grads : withDecay, formula);
  const state = spec.clipToRate ? clipToRate(found, layout, ctx.rates) : found;
  const decays =
    formula.zeroNorm === "exclude" && formula.addDecay ? decayUnlessZero(grads, withDecay, state, layout) : withDecay;
  return { grads: scaleByTrust(decays, state, layout), state };
}

/** Computes g + βw. If an adapted gradient is zero, it returns g: `zeroNorm: "exclude"` leaves out the decay too. */
function decayUnlessZero(
  grads: TensorMap,
  withDecay: TensorMap,
  { names, gradNorms }: TrustState,
  layout: TrustLayout,
): TensorMap {
  const norms = scalars(names, gradNorms);
  const adapted = new Set(layout.names.filter((_, i) => layout.groupOf[i] !== -1 && layout.decays[i] !== 0));
  return mapTensors(withDecay, (u, name) =>
    adapted.has(name) ? tf.where(tf.greater(norms[name] as tf.Tensor, 0), u, grads[name] as tf.Tensor) : u,
  );
}
