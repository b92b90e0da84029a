import {
  l2Norm,
  type OptimizerHook,
  type ParamInfo,
  type StateTree,
  type StepStats,
  type TensorMap,
  type UpdateRule,
} from "@graftjs/core";
import { averagingOf } from "../rules/evaluation-weights.ts";
import * as tf from "@tensorflow/tfjs-core";

/**
 * Measures the norms of the gradient and of the parameter at its place among the hooks: one before and one after a hook
 * show the effect of that hook. Two norms per parameter are computed on the device in each step;
 * `conditionally(gradientStats("raw"), { every: 50 })` measures in every 50th step only. `readStats` reads the norms
 * between steps; those of a frozen parameter are 0. Gradients pass unchanged.
 *
 * @param name name of the hook, and first part of its readings.
 */
export function gradientStats(name: string): OptimizerHook<StepStats> {
  return {
    name,
    init: (_, infos) => stats(name, infos, { gradient: {}, parameter: {} }),
    transform(grads, _, { params, infos }) {
      const parameter = Object.fromEntries(Object.keys(grads).map((key) => [key, params[key] as tf.Tensor]));
      return { grads, state: stats(name, infos, { gradient: grads, parameter }) };
    },
  };
}

/**
 * Wraps `rule` so that the norm of each parameter's update is measured, under the name `update`. The rule's fused kernels
 * are not used, because they never show the update.
 */
export function updateStats<S extends StateTree>(
  rule: UpdateRule<S>,
): UpdateRule<{ readonly rule: S; readonly measured: StepStats }> {
  const { applyFused: _, ...composed } = rule;
  return {
    ...composed,
    ...averagingOf<{ readonly rule: S; readonly measured: StepStats }>(rule),
    init: (params, infos) => ({
      rule: rule.init(params, infos),
      measured: stats("update", infos, { update: {} }),
    }),
    transform(grads, state, ctx) {
      const { updates, state: next } = rule.transform(grads, state.rule, ctx);
      return { updates, state: { rule: next, measured: stats("update", ctx.infos, { update: updates }) } };
    },
  };
}

/** The norms of each quantity for all of `infos`, so that the layout stays the same through freezing and unfreezing. */
function stats(
  name: string,
  infos: readonly ParamInfo[],
  quantities: { readonly [quantity: string]: TensorMap },
): StepStats {
  const names = infos.map((info) => info.name);
  const norms = (map: TensorMap): tf.Tensor =>
    Object.keys(map).length === 0
      ? tf.zeros([names.length])
      : tf.stack(names.map((key) => (map[key] ? l2Norm([map[key]]) : tf.scalar(0))));
  const measured = Object.entries(quantities).map(([quantity, map]) => [quantity, norms(map)] as const);
  return { stats: name, names, norms: true, ...Object.fromEntries(measured) };
}
