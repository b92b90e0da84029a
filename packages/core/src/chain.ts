import type * as tf from "@tensorflow/tfjs-core";
import { list, RecipeError } from "./errors.ts";
import type { AnyHook, OptimizerHook, Transformed } from "./hook.ts";
import { anySkip, unlessSkipped } from "./skip.ts";
import type { StateTree, TensorMap } from "./tree.ts";

/** State of a chain: each hook's own, by hook name. */
export type ChainState = { readonly [hook: string]: StateTree };

/**
 * Runs hooks in order. State is kept by hook name, so inserting or moving a hook shifts nobody's.
 *
 * @throws RecipeError where two hooks share a name, or something among them is no hook.
 */
export function chain(...hooks: readonly AnyHook[]): OptimizerHook<ChainState> {
  const names = hooks.map((hook) => hook?.name);
  const wrong = hooks.filter((hook) => !isHook(hook)).map((hook) => hook?.name ?? String(hook));
  if (wrong.length > 0) {
    throw new RecipeError(
      `${list(wrong)} among the hooks: no optimizer hook.`,
      whyNoHook(hooks.find((h) => !isHook(h))),
    );
  }
  const twice = names.filter((name, i) => names.indexOf(name) !== i);
  if (twice.length > 0) {
    throw new RecipeError(
      `Two hooks are named ${list([...new Set(twice)])}.`,
      'Give one of them another name: { ...hook, name: "clip-2" } in code, "as" in a recipe.',
    );
  }
  const unfit = names.filter((name) => name === "" || name === "__proto__" || name.includes("/"));
  if (unfit.length > 0) {
    throw new RecipeError(
      `${list(unfit)} cannot name a hook.`,
      "The name is a key of the state and one segment of a path in a checkpoint: no slash, not empty.",
    );
  }
  return {
    name: `chain(${names.join(", ")})`,
    init: (params, infos) =>
      Object.fromEntries(hooks.map((hook) => [hook.name, hook.init(params, infos) as StateTree])),
    transform(grads, state, ctx) {
      const next: Record<string, StateTree> = { ...state };
      const skips = new Map<string, tf.Tensor>();
      for (const hook of hooks) {
        const out: Transformed = hook.transform(grads, state[hook.name] as StateTree, ctx);
        assertNames(hook, grads, out.grads);
        grads = out.grads;
        next[hook.name] = out.state;
        if (out.skip === true) return { grads, state: next, skip: true };
        if (out.skip) skips.set(hook.name, out.skip);
      }
      if (skips.size === 0) return { grads, state: next };
      const skip = anySkip([...skips.values()]) as tf.Tensor;
      const kept = Object.entries(next).map(
        ([name, after]) => [name, skips.has(name) ? after : unlessSkipped(skip, state[name], after)] as const,
      );
      return { grads, state: Object.fromEntries(kept), skip };
    },
  };
}

/** Counts first: names are only looked at where something is wrong, so that a step pays next to nothing. */
function assertNames({ name }: AnyHook, given: TensorMap, returned: TensorMap): void {
  const names = Object.keys(given);
  if (names.every((key) => returned[key]) && Object.keys(returned).length === names.length) return;
  const wrong = [
    ...names.filter((key) => !returned[key]).map((key) => `\`${key}\` is missing`),
    ...Object.keys(returned)
      .filter((key) => !given[key])
      .map((key) => `\`${key}\` was not given to it`),
  ];
  throw new RecipeError(
    `The hook \`${name}\` returned other names than it was given: ${wrong.join(", ")}.`,
    "A hook returns exactly the names of `grads`. To leave a parameter alone, return its gradient as it is.",
  );
}

function isHook(value: object | undefined): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    "transform" in value &&
    "init" in value &&
    !("terminal" in value && value.terminal)
  );
}

function whyNoHook(value: object | undefined): string {
  if (value && "terminal" in value)
    return "It is an update rule: pass it as `rule`, where it stands last and exactly once.";
  if (value && ("weigh" in value || "combine" in value)) {
    return "It is a combiner: hooks only ever see one gradient, so it would do nothing there. Pass it to `taskTrainer`.";
  }
  return "A hook has `name`, `init` and `transform`.";
}
