import { mapTensors, type OptimizerHook, type StepContext, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type LarsOptions, larsOptions, type ResolvedLars, resolveLars } from "./lars-options.ts";
import { type TrustLayout, trustLayouts } from "./trust/layout.ts";
import { addDecay, clipToRate, scalars, scaleByTrust } from "./trust/scale.ts";
import { computeTrust, emptyTrust, type TrustState } from "./trust/trust.ts";

/**
 * Layer-wise adaptive rate scaling before any rule (You, Gitman & Ginsburg 2017, eq. 6; as a wrapper: NVIDIA's LARC):
 * g ← λ·(g + βw), λ = η‖w‖ / (‖g‖ + β‖w‖ + ε), so that a step moves each parameter by γη of its own norm.
 *
 * Gradients come out with the shapes they had; parameters that are excluded from ratio and decay pass bit-identically.
 * Followed by `sgd({ momentum, rateInVelocity: true })` it is the paper's optimizer; {@link larsMomentum} is that in one piece,
 * and fused where the backend can.
 *
 * State: three vectors of one entry a parameter, for observers: see {@link TrustState}.
 * @throws OptionsError where an option is out of range or unknown; SelectionError where a selector matches nothing, or
 *   nothing is left to adapt.
 */
export function lars(options: LarsOptions = {}): OptimizerHook<TrustState> {
  const resolved = resolveLars("lars", larsOptions, options);
  const layoutOf = trustLayouts("lars", resolved.weightDecay, options);
  return {
    name: "lars",
    init(_, infos) {
      layoutOf(infos, []);
      return emptyTrust(infos);
    },
    transform: (grads, _, ctx) => scaledGradients(grads, ctx, layoutOf(ctx.infos, Object.keys(grads)), resolved),
  };
}

/** λ·(g + βw) of every gradient, and the ratios. */
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
    formula.zeroNorm === "exclude" && formula.addDecay ? spared(grads, withDecay, state, layout) : withDecay;
  return { grads: scaleByTrust(decays, state, layout), state };
}

/** g + βw, and g alone where an adapted gradient is zero: `zeroNorm: "exclude"` drops the decay with the ratio. */
function spared(
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
