import {
  type AnyRule,
  l2Norm,
  type OptionsSchema,
  optionsSchema,
  type Selector,
  selectOnce,
  type TensorMap,
  type UpdateRule,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type ReferenceOptions, referenceFor, referenceOptions } from "./reference.ts";
import { type WrappedRuleState, wrapRule } from "./wrap-rule.ts";

export interface DriftCapOptions extends ReferenceOptions {
  /** Largest drift ‖w − w⁰‖ as a share of ‖w⁰‖, > 0. @default 0.1 */
  readonly radius?: number;
  /** Least ‖w⁰‖ that the radius is a share of, > 0, so that what starts at 0 can move. @default 1e-3 */
  readonly epsilon?: number;
  /** Over what a norm is taken: all tensors of a layer, or each tensor. @default "layer" */
  readonly granularity?: "layer" | "tensor";
  /** Which parameters are held. @default all */
  readonly on?: Selector;
}

export const driftCapOptions: OptionsSchema<DriftCapOptions, "radius" | "epsilon" | "granularity"> = optionsSchema<
  DriftCapOptions,
  "radius" | "epsilon" | "granularity"
>({
  radius: {
    type: "number",
    exclusiveMinimum: 0,
    default: 0.1,
    description: "Largest drift, as a share of the norm of the pretrained weights",
  },
  epsilon: {
    type: "number",
    exclusiveMinimum: 0,
    default: 1e-3,
    description: "The norm of the pretrained weights counts as at least this",
  },
  granularity: {
    enum: ["layer", "tensor"],
    default: "layer",
    description: "Each layer or each tensor has its own norm",
  },
  on: { description: "Selector of the parameters that are limited. Default: all" },
  ...referenceOptions,
});

/**
 * Caps how far each layer may drift from its pretrained weights: after the step of `rule`, w is projected onto the ball
 * ‖w − w⁰‖ ≤ radius·max(‖w⁰‖, ε). Inside the ball it changes nothing, bit for bit.
 *
 * Around the rule, since a bound on weights has to see the step itself: a hook stands before momentum and Adam's division
 * and could only guess it. And not a parameter's `constraint`, which a checkpoint does not hold: w⁰ must be the same after
 * a resume. Not for a new head: leave it out by `on`.
 *
 * State: that of `rule`, and w⁰; no w⁰ with `store: "host"`.
 * @throws OptionsError if an option is out of range; SelectionError if `on` matches nothing or `reference` does not
 *   fit.
 */
export function driftCap(rule: AnyRule, options: DriftCapOptions = {}): UpdateRule<WrappedRuleState> {
  const { radius, epsilon, granularity, on = "all" } = driftCapOptions.parse("drift-cap", options);
  const reference = referenceFor("drift-cap", options);
  const selected = selectOnce(on, "`on` of `drift-cap`");
  return wrapRule(
    "drift-cap",
    rule,
    (params) => reference.init(params),
    (updates, state, { params, infos }) => {
      const origin = reference.of(params, state);
      const capped: Record<string, tf.Tensor> = { ...updates };
      const groups = groupBy(
        infos.filter(selected(infos)).filter(({ name }) => updates[name]),
        ({ layer, name }) => (granularity === "layer" ? layer : name),
      );
      for (const group of groups.values()) {
        const names = group.map(({ name }) => name);
        Object.assign(capped, projected(names, updates, origin, params));
      }
      return capped;
    },
  );

  function projected(names: readonly string[], updates: TensorMap, origin: TensorMap, params: TensorMap): TensorMap {
    const at = (map: TensorMap, name: string): tf.Tensor => map[name] as tf.Tensor;
    const drift = names.map((name) => tf.sub(tf.sub(at(params, name), at(updates, name)), at(origin, name)));
    const limit = tf.mul(tf.maximum(l2Norm(names.map((name) => at(origin, name))), epsilon), radius);
    const far = l2Norm(drift);
    const factor = tf.div(limit, tf.maximum(far, limit));
    const outside = tf.greater(far, limit);
    return Object.fromEntries(
      names.map((name, i) => {
        const onBall = tf.add(at(origin, name), tf.mul(drift[i] as tf.Tensor, factor));
        return [name, tf.where(outside, tf.sub(at(params, name), onBall), at(updates, name))];
      }),
    );
  }
}

// Map.groupBy is not in Node 20.
function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
