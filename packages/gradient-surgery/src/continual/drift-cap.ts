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

/** Options of {@link driftCap}. */
export interface DriftCapOptions extends ReferenceOptions {
  /** Largest drift ‖w − w⁰‖, as a share of ‖w⁰‖, > 0. @default 0.1 */
  readonly radius?: number;
  /** ‖w⁰‖ counts as at least this, > 0. Otherwise weights that start at 0 could not change. @default 1e-3 */
  readonly epsilon?: number;
  /** Whether each layer or each tensor has its own norm. @default "layer" */
  readonly granularity?: "layer" | "tensor";
  /** Parameters that are limited. @default all */
  readonly params?: Selector;
}

/** Schema of {@link DriftCapOptions}. */
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
  params: { description: "Selector of the parameters that are limited. Default: all" },
  ...referenceOptions,
});

/**
 * Limits the distance of each layer from its pretrained weights w⁰. After the step of `rule`, w is projected onto the ball
 * ‖w − w⁰‖ ≤ radius·max(‖w⁰‖, ε). Inside the ball the step is unchanged, bit for bit.
 *
 * It wraps the rule because it must know the step itself. A hook runs before momentum and before the division of Adam. A
 * `constraint` of a layer would not work either, because it is not part of a checkpoint, and w⁰ must survive a resume. Exclude
 * a new head with `params`.
 *
 * State: that of `rule`, and w⁰. With `store: "host"` the state does not contain w⁰.
 *
 * @throws OptionsError if an option is out of range; SelectionError if `params` matches nothing or `reference` does not fit.
 */
export function driftCap(rule: AnyRule, options: DriftCapOptions = {}): UpdateRule<WrappedRuleState> {
  const { radius, epsilon, granularity, params: selector = "all" } = driftCapOptions.parse("drift-cap", options);
  const reference = referenceFor("drift-cap", options);
  const selected = selectOnce(selector, "`params` of `drift-cap`");
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
        Object.assign(capped, project(names, updates, origin, params));
      }
      return capped;
    },
  );

  function project(names: readonly string[], updates: TensorMap, origin: TensorMap, params: TensorMap): TensorMap {
    const get = (map: TensorMap, name: string): tf.Tensor => map[name] as tf.Tensor;
    const drift = names.map((name) => tf.sub(tf.sub(get(params, name), get(updates, name)), get(origin, name)));
    const limit = tf.mul(tf.maximum(l2Norm(names.map((name) => get(origin, name))), epsilon), radius);
    const distance = l2Norm(drift);
    const factor = tf.div(limit, tf.maximum(distance, limit));
    const outside = tf.greater(distance, limit);
    return Object.fromEntries(
      names.map((name, i) => {
        const onBall = tf.add(get(origin, name), tf.mul(drift[i] as tf.Tensor, factor));
        return [name, tf.where(outside, tf.sub(get(params, name), onBall), get(updates, name))];
      }),
    );
  }
}

// Node 20 does not have Map.groupBy.
function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
