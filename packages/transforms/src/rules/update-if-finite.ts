import { mapTensors, mapTree, type StateTree, type UpdateRule, visitTensors } from "@graftjs/core";
import { averagingOf } from "./evaluation-weights.ts";
import * as tf from "@tensorflow/tfjs-core";

export type UpdateIfFiniteState<S extends StateTree = StateTree> = {
  /** State of the rule inside. */
  readonly rule: S;
  /** Number of updates that were left out: an int32 scalar on the device. */
  readonly skipped: tf.Tensor;
};

/**
 * Leaves out a whole update if one weight would become infinite or NaN: weights and state of `rule` then stay as they were. The device
 * decides, without a read. Numbers that the rule keeps on the host (Adam's step counts) still advance.
 *
 * `applyIfFinite` checks gradients among the hooks. This wrapper checks the result: a learning rate of NaN, a hook that returns
 * infinity, an overflow in the rule. It does not use the rule's fused kernels. `fineTune` checks every update itself and keeps them.
 *
 * State: the rule's, and one scalar.
 */
export function updateIfFinite<S extends StateTree>(rule: UpdateRule<S>): UpdateRule<UpdateIfFiniteState<S>> {
  return {
    name: rule.name,
    terminal: true,
    ...(rule.stateVersion === undefined ? {} : { stateVersion: rule.stateVersion }),
    ...averagingOf<UpdateIfFiniteState<S>>(rule),
    init: (params, infos) => ({ rule: rule.init(params, infos), skipped: tf.scalar(0, "int32") }),
    transform(grads, { rule: before, skipped }, ctx) {
      const out = rule.transform(grads, before, ctx);
      const finite = Object.entries(out.updates).map(([name, update]) =>
        tf.all(tf.isFinite(tf.sub(ctx.params[name] as tf.Tensor, update))),
      );
      for (const tensor of floatsOf(out.state)) finite.push(tf.all(tf.isFinite(tensor)));
      const good = tf.all(tf.stack(finite));
      return {
        updates: mapTensors(out.updates, (update) => tf.where(good, update, tf.zerosLike(update))),
        state: {
          rule: choose(good, before, out.state),
          skipped: tf.add(skipped, tf.cast(tf.logicalNot(good), "int32")),
        },
      };
    },
  };
}

/** Returns `next` if `good` is true, else `before`, tensor by tensor. A tensor that `before` lacks is then 0. */
function choose<S extends StateTree>(good: tf.Tensor, before: S, next: S): S {
  const former = new Map<string, tf.Tensor>();
  visitTensors(before, (tensor, path) => void former.set(path, tensor));
  return mapTree(next, (tensor, path) => tf.where(good, tensor, former.get(path) ?? tf.zerosLike(tensor)));
}

function floatsOf(state: StateTree): tf.Tensor[] {
  const found: tf.Tensor[] = [];
  visitTensors(state, (tensor) => {
    if (tensor.dtype === "float32") found.push(tensor);
  });
  return found;
}
