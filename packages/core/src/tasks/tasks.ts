import * as tf from "@tensorflow/tfjs-core";
import { formatNames, RecipeError, SelectionError } from "../errors.ts";
import type { AnyCombiner, ElementwiseCombiner, WeighingCombiner } from "../kinds/combiner.ts";
import { type Param, variablesOf } from "../params/params.ts";
import type { TensorMap } from "../params/tensor-map.ts";
import { disposeReplaced, mapTree, type StateTree, tidyTree } from "../state/tree.ts";
import type { HookedOptimizer } from "../step/optimizer.ts";
import { assertFiniteTasks } from "./finite-tasks.ts";
import { packedLength, packGramian, unpackGramian } from "./gramian.ts";
import { disposeGradients, type TaskGradients, type TaskLosses, taskGradients } from "./task-gradients.ts";

export interface TaskTrainerOptions {
  readonly optimizer: HookedOptimizer;
  readonly combiner: AnyCombiner;
  /**
   * Variables that a forward pass writes (a model's `moving_mean` and `moving_variance`). They move once per step, in the
   * first task's pass, not once per task. @default []
   */
  readonly statistics?: readonly tf.Variable[];
}

type Apply = (losses: { readonly [task: string]: tf.Scalar }, grads: TensorMap) => Promise<boolean>;

/** Takes steps over several tasks. `model.fit` cannot do that: it sums the losses before the optimizer sees them. */
export interface TaskTrainer {
  /**
   * Takes one step: one backward pass per task, the combiner over the parameters that several tasks reach, then the
   * optimizer. A parameter that only one task reaches (its head) gets that task's gradient unchanged.
   *
   * @param apply takes the step from the losses and the merged gradient, in place of the optimizer. It returns whether it did;
   *   if not, weights and state stay. It must not dispose the tensors.
   *
   * The caller disposes the returned losses. If it throws, weights, state and memory are unchanged.
   * @throws RecipeError if there are fewer than two tasks, or if a step is still running; SelectionError with the parameters
   *   that no task reaches; NonFiniteError with the task whose gradient is NaN or infinite.
   */
  step(losses: TaskLosses, apply?: Apply): Promise<{ readonly [task: string]: tf.Scalar }>;
  /** State of the combiner, for a checkpoint. Null before the first step. Assign it to hand over a state and its tensors. */
  state: StateTree;
  dispose(): void;
}

/**
 * Makes a trainer for several losses: one gradient per task, merged by `combiner`, then the optimizer's hooks and rule.
 *
 * @throws RecipeError if `combiner` is not a combiner.
 */
export function taskTrainer({ optimizer, combiner, statistics = [] }: TaskTrainerOptions): TaskTrainer {
  if (!("weigh" in combiner) && !("combine" in combiner)) {
    throw new RecipeError(
      "`combiner` is not a combiner.",
      "`combiner` must have a `weigh` or `combine` method. Pass hooks to the optimizer instead.",
    );
  }
  let state: StateTree = null;
  let started = false;
  let busy = false;
  const replace = (next: StateTree, known: boolean): void => {
    disposeReplaced(state, next);
    state = next;
    started = known;
  };
  const byOptimizer: Apply = async (_losses, grads) => {
    optimizer.applyNamed(grads);
    return true;
  };
  /** Merges the gradients and takes the step, by `apply` or the optimizer. Returns whether it was taken. */
  const run = async (found: TaskGradients, active: readonly Param[], apply: Apply): Promise<boolean> => {
    const merged = await combined(combiner, found, state, optimizer, active);
    let taken = false;
    try {
      taken = await apply(found.values, merged.grads);
    } finally {
      tf.dispose(merged.grads as tf.NamedTensorMap);
      if (!taken) disposeReplaced(merged.state, state);
    }
    if (taken) replace(merged.state, true);
    return taken;
  };
  return {
    async step(losses, apply = byOptimizer) {
      assertTasks(combiner, Object.keys(losses));
      if (busy) throw new RecipeError("A step is still running.", "Await step() before you call it again.");
      busy = true;
      const fresh = !started;
      const { active } = optimizer;
      let found: TaskGradients | undefined;
      let taken = false;
      try {
        found = taskGradients(active, losses, statistics);
        if (fresh) replace(firstState(combiner, Object.keys(losses), variablesOf(active)), true);
        taken = await run(found, active, apply);
        const { values } = found;
        found = { values: {}, byTask: found.byTask };
        return values;
      } finally {
        if (fresh && !taken) replace(null, false);
        if (found) disposeGradients(found);
        busy = false;
      }
    },
    get state() {
      return state;
    },
    set state(next) {
      replace(next, next !== null);
    },
    dispose: () => replace(null, false),
  };
}

function assertTasks({ name }: AnyCombiner, tasks: readonly string[]): void {
  if (tasks.length >= 2) return;
  throw new RecipeError(
    `\`${name}\` combines the gradients of several tasks, but got ${tasks.length} loss(es).`,
    "Give each task its own loss. A sum of losses has only one gradient: for a sum, use optimizer.minimize.",
  );
}

function firstState(combiner: AnyCombiner, tasks: readonly string[], params: TensorMap): StateTree {
  return tidyTree(() =>
    own("weigh" in combiner ? combiner.init(tasks) : (combiner as ElementwiseCombiner).init(tasks, params), params),
  );
}

/** Returns the merged gradient. Frees the tasks' gradients one by one, so that memory never holds one set too many. */
async function combined(
  combiner: AnyCombiner,
  { byTask }: TaskGradients,
  state: StateTree,
  optimizer: HookedOptimizer,
  active: readonly Param[],
): Promise<{ grads: TensorMap; state: StateTree }> {
  const maps = Object.values(byTask);
  const reached = ({ name }: Param): number => maps.filter((map) => map[name]).length;
  const none = active.filter((param) => reached(param) === 0).map(({ name }) => name);
  if (none.length > 0) {
    throw new SelectionError(
      `No task reaches ${formatNames(none)}.`,
      "Does one of the losses depend on it? To keep it unchanged, leave it out of `params` or freeze it.",
    );
  }
  const shared = active.filter((param) => reached(param) > 1);
  const alone = active.filter((param) => reached(param) === 1).map(({ name }) => name);
  const merged = await ("weigh" in combiner
    ? weighed(combiner, byTask, state, optimizer, shared, alone)
    : elementwise(combiner, byTask, state, optimizer, shared));
  const own = alone.map((name) => [name, tf.clone(maps.find((map) => map[name])?.[name] as tf.Tensor)] as const);
  return { grads: { ...merged.grads, ...Object.fromEntries(own) }, state: merged.state };
}

/** Computes the Gramians on the device, the weights on the host after one awaited read, and the weighted sum on the device. */
async function weighed(
  combiner: WeighingCombiner,
  byTask: { readonly [task: string]: TensorMap },
  state: StateTree,
  { step }: HookedOptimizer,
  shared: readonly Param[],
  alone: readonly string[],
): Promise<{ grads: TensorMap; state: StateTree }> {
  const { granularity = "whole" } = combiner;
  const groupOf = ({ layer, name }: Param): string =>
    granularity === "whole" ? "" : granularity === "layer" ? layer : name;
  const groups = [...new Set(shared.map(groupOf))];
  const [tasks, maps] = [Object.keys(byTask), Object.values(byTask)];
  const [m, length] = [tasks.length, packedLength(tasks.length)];
  const numbers = await read(() => [
    ...groups.map((group) => {
      const names = shared.filter((param) => groupOf(param) === group).map(({ name }) => name);
      return packGramian(maps, names);
    }),
    tf.stack(maps.map((map) => finiteProbe(map, alone))),
  ]);
  assertFiniteTasks(tasks, numbers.subarray(groups.length * length));
  const weights = new Map<string, Float64Array>();
  for (const [g, group] of groups.entries()) {
    const gram = unpackGramian(numbers.subarray(g * length, (g + 1) * length), m);
    const squares = tasks.map((_, i) => gram[i * m + i] as number);
    assertFiniteTasks(tasks, squares, group && `In \`${group}\`: `);
    const out = combiner.weigh(gram, tasks, state, { step, group });
    weights.set(group, out.weights);
    state = out.state;
  }
  const grads = shared.map((param) => {
    const alpha = weights.get(groupOf(param)) as Float64Array;
    const parts = maps.map((map) => map[param.name]);
    const sum = tf.tidy(() => tf.addN(parts.flatMap((part, i) => (part ? [tf.mul(part, alpha[i] as number)] : []))));
    tf.dispose(parts.filter((part) => part !== undefined));
    return [param.name, sum];
  });
  return { grads: Object.fromEntries(grads), state };
}

/** Combines element by element on the device. If a task does not reach a parameter, its gradient is 0 there. */
async function elementwise(
  combiner: ElementwiseCombiner,
  byTask: { readonly [task: string]: TensorMap },
  before: StateTree,
  { step, learningRate, params: infos }: HookedOptimizer,
  shared: readonly Param[],
): Promise<{ grads: TensorMap; state: StateTree }> {
  const maps = Object.values(byTask);
  const probes = await read(() => [tf.stack(maps.map((map) => finiteProbe(map, Object.keys(map))))]);
  assertFiniteTasks(Object.keys(byTask), probes);
  const rates = Object.fromEntries(infos.map(({ name }) => [name, learningRate]));
  const params = variablesOf(shared);
  const out = tidyTree(() => {
    const filled = Object.fromEntries(
      Object.entries(byTask).map(([task, map]) => [
        task,
        Object.fromEntries(shared.map(({ name, variable }) => [name, map[name] ?? tf.zerosLike(variable)])),
      ]),
    );
    const { grads, state } = combiner.combine(filled, before, { step, learningRate, rates, params, infos });
    const given = new Set(maps.flatMap((map) => Object.values(map).map(({ id }) => id)));
    const results = Object.entries(grads).map(([name, grad]) => [name, given.has(grad.id) ? tf.clone(grad) : grad]);
    return { grads: Object.fromEntries(results) as TensorMap, state: own(state, params, ...Object.values(filled)) };
  });
  return out;
}

async function read(make: () => tf.Tensor[]): Promise<Float64Array> {
  const packed = tf.tidy(() => tf.concat(make()));
  const numbers = Float64Array.from(await packed.data());
  packed.dispose();
  return numbers;
}

/** Returns 0, or NaN if a gradient is not finite. */
function finiteProbe(map: TensorMap, names: readonly string[]): tf.Tensor {
  const probes = names.flatMap((name) => {
    const grad = map[name];
    return grad ? [tf.tidy(() => tf.sum(tf.mul(grad, 0)))] : [];
  });
  return tf.addN([tf.scalar(0), ...probes]);
}

function own(state: StateTree, ...borrowed: readonly TensorMap[]): StateTree {
  const foreign = new Set(borrowed.flatMap((map) => Object.values(map).map(({ id }) => id)));
  return mapTree(state, (tensor) => tf.keep(foreign.has(tensor.id) ? tf.clone(tensor) : tensor));
}
