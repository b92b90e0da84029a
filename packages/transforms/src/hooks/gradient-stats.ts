import {
  mapTensors,
  type NormStats,
  type OptimizerHook,
  type StateTree,
  type TensorMap,
  type UpdateRule,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/**
 * Measures the norms of the gradient and of the parameter at its place among the hooks: one before and one after a hook
 * show the effect of that hook. Two norms per parameter are computed on the device in each step;
 * `conditionally(gradientStats("raw"), { every: 50 })` measures in every 50th step only. `readStats` reads the norms
 * between steps. Gradients pass unchanged.
 *
 * @param name name of the hook, and first part of its readings.
 */
export function gradientStats(name: string): OptimizerHook<NormStats> {
  return {
    name,
    init: (params) => ({ stats: name, norms: { gradient: zeros(params), parameter: zeros(params) } }),
    transform: (grads, _, { params }) => ({
      grads,
      state: {
        stats: name,
        norms: { gradient: norms(grads), parameter: mapTensors(grads, (_, key) => tf.norm(params[key] as tf.Tensor)) },
      },
    }),
  };
}

/**
 * Wraps `rule` so that the norm of each parameter's update is measured, under the name `update`. The rule's fused kernels
 * are not used, because they never show the update.
 */
export function updateStats<S extends StateTree>(
  rule: UpdateRule<S>,
): UpdateRule<{ readonly rule: S; readonly measured: NormStats }> {
  const { applyFused: _, ...composed } = rule;
  return {
    ...composed,
    init: (params, infos) => ({
      rule: rule.init(params, infos),
      measured: { stats: "update", norms: { update: zeros(params) } },
    }),
    transform(grads, state, ctx) {
      const out = rule.transform(grads, state.rule, ctx);
      return {
        updates: out.updates,
        state: { rule: out.state, measured: { stats: "update", norms: { update: norms(out.updates) } } },
      };
    },
  };
}

function norms(map: TensorMap): TensorMap {
  return mapTensors(map, (tensor) => tf.norm(tensor));
}

function zeros(params: TensorMap): TensorMap {
  return mapTensors(params, () => tf.scalar(0));
}
