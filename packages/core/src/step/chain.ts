import type * as tf from "@tensorflow/tfjs-core";
import { formatNames, RecipeError } from "../errors.ts";
import type { TensorMap } from "../params/tensor-map.ts";
import type { StateTree } from "../state/tree.ts";
import type { AnyHook, OptimizerHook, Transformed } from "./hook.ts";
import { anySkip, unlessSkipped } from "./skip.ts";

/** State of a chain: the state of each hook under the hook's name. */
export type ChainState = { readonly [hook: string]: StateTree };

/**
 * Makes one hook that runs `hooks` in order. State belongs to hook names, so inserting or moving a hook shifts no state.
 *
 * @throws RecipeError if two hooks share a name, or if one of them is not a hook.
 */
export function chain(...hooks: readonly AnyHook[]): OptimizerHook<ChainState> {
  const names = hooks.map((hook) => hook?.name);
  const wrong = hooks.filter((hook) => !isHook(hook)).map((hook) => hook?.name ?? String(hook));
  if (wrong.length > 0) {
    throw new RecipeError(
      `${formatNames(wrong)} among the hooks: not an optimizer hook.`,
      whyNotHook(hooks.find((h) => !isHook(h))),
    );
  }
  const twice = names.filter((name, i) => names.indexOf(name) !== i);
  if (twice.length > 0) {
    throw new RecipeError(
      `Two hooks are named ${formatNames([...new Set(twice)])}.`,
      'Give one of them another name: { ...hook, name: "clip-2" } in code, "as" in a recipe.',
    );
  }
  const unfit = names.filter((name) => name === "" || name === "__proto__" || name.includes("/"));
  if (unfit.length > 0) {
    throw new RecipeError(
      `${formatNames(unfit)} cannot name a hook.`,
      "The name is a key of the state and one segment of a path in a checkpoint: not empty, and without a slash.",
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

/** Compares the names. Lists them only if something is wrong, because this check runs in every step. */
function assertNames({ name }: AnyHook, given: TensorMap, returned: TensorMap): void {
  const names = Object.keys(given);
  if (names.every((key) => returned[key]) && Object.keys(returned).length === names.length) return;
  const wrong = [
    ...names.filter((key) => !returned[key]).map((key) => `\`${key}\` is missing`),
    ...Object.keys(returned)
      .filter((key) => !given[key])
      .map((key) => `\`${key}\` was not passed to it`),
  ];
  throw new RecipeError(
    `The hook \`${name}\` returned names that differ from its input: ${wrong.join(", ")}.`,
    "A hook returns exactly the names of `grads`. To leave a parameter unchanged, return its gradient as it is.",
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

function whyNotHook(value: unknown): string {
  if (typeof value === "string") return "It is a name, and names work in recipes only. Call the hook's function.";
  if (typeof value !== "object" || value === null) return "A hook has `name`, `init` and `transform`.";
  if ("terminal" in value) return "It is an update rule: pass it as `rule`. Exactly one rule runs, after all hooks.";
  if ("weigh" in value || "combine" in value) {
    return "It is a combiner: hooks see only one gradient, so it would have no effect there. Pass it to `taskTrainer`.";
  }
  return "A hook has `name`, `init` and `transform`.";
}
