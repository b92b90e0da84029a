import * as tf from "@tensorflow/tfjs-core";
import type { AnyCombiner, ElementwiseCombiner, WeighingCombiner } from "./combiner.ts";
import { NonFiniteError, RecipeError } from "./errors.ts";
import type { HookedOptimizer } from "./optimizer.ts";
import type { Param } from "./params.ts";
import { disposeReplaced, mapTree, type StateTree, type TensorMap, tidyTree } from "./tree.ts";

/** A scalar loss by task name. */
export type TaskLosses = { readonly [task: string]: () => tf.Scalar };

export interface TaskTrainerOptions {
  readonly optimizer: HookedOptimizer;
  readonly combiner: AnyCombiner;
  /**
   * Variables that a forward pass writes (a model's `moving_mean` and `moving_variance`). They move once a step, by the
   * first task's pass, and not once a task. @default []
   */
  readonly statistics?: readonly tf.Variable[];
}

/** Takes steps over several tasks: what `model.fit` cannot do, which sums the losses before an optimizer sees them. */
export interface TaskTrainer {
  /** One step. The losses returned are the caller's to dispose. Weights are untouched when it throws. */
  step(losses: TaskLosses): Promise<{ readonly [task: string]: tf.Scalar }>;
  /** The combiner's state, for a checkpoint. */
  readonly state: StateTree;
  dispose(): void;
}

/** @throws RecipeError where `combiner` is no combiner. */
export function taskTrainer({ optimizer, combiner, statistics = [] }: TaskTrainerOptions): TaskTrainer {
  if (!("weigh" in combiner) && !("combine" in combiner)) {
    throw new RecipeError(
      "`combiner` is no combiner.",
      "It has `weigh` or `combine`; a hook belongs into the optimizer's hooks.",
    );
  }
  let state: StateTree = null;
  let started = false;
  return {
    async step(losses) {
      const tasks = Object.keys(losses);
      if (tasks.length < 2) {
        throw new RecipeError(
          `\`${combiner.name}\` combines tasks, and got ${tasks.length}.`,
          "Use optimizer.minimize for a single loss.",
        );
      }
      const { values, byTask } = gradients(optimizer.active, losses, statistics);
      try {
        const params = Object.fromEntries(optimizer.active.map(({ name, variable }) => [name, variable]));
        const before = started ? state : tidyTree(() => own(init(combiner, tasks, params), params));
        const out =
          "weigh" in combiner
            ? await weighed(combiner, tasks, byTask, before, optimizer)
            : tidyTree(() => {
                const rates = Object.fromEntries(optimizer.params.map(({ name }) => [name, optimizer.learningRate]));
                const ctx = {
                  step: optimizer.step,
                  learningRate: optimizer.learningRate,
                  rates,
                  params,
                  infos: optimizer.params,
                };
                const { grads, state } = combiner.combine(byTask, before, ctx);
                return { grads, state: own(state, params, ...Object.values(byTask)) };
              });
        optimizer.applyNamed(out.grads);
        tf.dispose(out.grads as tf.NamedTensorMap);
        disposeReplaced(before, out.state);
        state = out.state;
        started = true;
      } finally {
        for (const grads of Object.values(byTask)) tf.dispose(grads as tf.NamedTensorMap);
      }
      return values;
    },
    get state() {
      return state;
    },
    dispose() {
      disposeReplaced(state, null);
      state = null;
      started = false;
    },
  };
}

function init(combiner: AnyCombiner, tasks: readonly string[], params: TensorMap): StateTree {
  return "weigh" in combiner
    ? (combiner as WeighingCombiner).init(tasks)
    : (combiner as ElementwiseCombiner).init(tasks, params);
}

/** One gradient a task. A task that does not reach a parameter (another task's head) has gradient 0 there. */
function gradients(active: readonly Param[], losses: TaskLosses, statistics: readonly tf.Variable[]) {
  const values: Record<string, tf.Scalar> = {};
  const byTask: Record<string, TensorMap> = {};
  const variables = active.map(({ variable }) => variable);
  Object.entries(losses).forEach(([task, loss], i) => {
    const before = i === 0 ? [] : statistics.map((variable) => tf.keep(tf.clone(variable)));
    const { value, grads } = tf.variableGrads(loss, variables);
    values[task] = tf.keep(value);
    byTask[task] = Object.fromEntries(
      active.map(({ name, variable }) => [name, tf.keep(grads[variable.name] ?? tf.zerosLike(variable))]),
    );
    before.forEach((tensor, k) => {
      (statistics[k] as tf.Variable).assign(tensor);
      tensor.dispose();
    });
  });
  return { values, byTask };
}

/** Gramian on the device, one awaited read, weights on the host, one weighted sum on the device: a group at a time. */
async function weighed(
  combiner: WeighingCombiner,
  tasks: readonly string[],
  byTask: { readonly [task: string]: TensorMap },
  state: StateTree,
  { active, step }: HookedOptimizer,
): Promise<{ grads: TensorMap; state: StateTree }> {
  const { granularity = "whole" } = combiner;
  const groupOf = (param: Param): string =>
    granularity === "whole" ? "" : granularity === "layer" ? param.layer : param.name;
  const groups = [...new Set(active.map(groupOf))];
  const m = tasks.length;
  const gramians = tf.tidy(() =>
    tf.stack(
      groups.map((group) => {
        const names = active.filter((param) => groupOf(param) === group).map(({ name }) => name);
        const at = (i: number, name: string): tf.Tensor => byTask[tasks[i] as string]?.[name] as tf.Tensor;
        const dot = (i: number, j: number): tf.Tensor =>
          tf.addN(names.map((name) => tf.sum(tf.mul(at(i, name), at(j, name)))));
        const upper = Array.from({ length: m }, (_, i) => Array.from({ length: m - i }, (_, k) => dot(i, i + k)));
        return tf.stack(
          Array.from({ length: m * m }, (_, k) => {
            const [i, j] = [Math.floor(k / m), k % m];
            return (i <= j ? upper[i]?.[j - i] : upper[j]?.[i - j]) as tf.Tensor;
          }),
        );
      }),
    ),
  );
  const flat = Float64Array.from(await gramians.data());
  gramians.dispose();
  const weights = new Map<string, Float64Array>();
  groups.forEach((group, g) => {
    const gram = flat.slice(g * m * m, (g + 1) * m * m);
    tasks.forEach((task, i) => {
      if (!Number.isFinite(gram[i * m + i])) {
        throw new NonFiniteError(
          `The gradient of task \`${task}\`${group ? ` in \`${group}\`` : ""} is not finite.`,
          "Weights are untouched. Look at that task's loss and data.",
        );
      }
    });
    const out = combiner.weigh(gram, tasks, state, { step, group });
    weights.set(group, out.weights);
    state = out.state;
  });
  const grads = tidyTree(() =>
    Object.fromEntries(
      active.map((param) => {
        const alpha = weights.get(groupOf(param)) as Float64Array;
        return [
          param.name,
          tf.addN(tasks.map((task, i) => tf.mul(byTask[task]?.[param.name] as tf.Tensor, alpha[i] as number))),
        ];
      }),
    ),
  );
  return { grads, state };
}

function own(state: StateTree, ...borrowed: readonly TensorMap[]): StateTree {
  const foreign = new Set(borrowed.flatMap((map) => Object.values(map).map(({ id }) => id)));
  return mapTree(state, (tensor) => tf.keep(foreign.has(tensor.id) ? tf.clone(tensor) : tensor));
}
