import { list, RecipeError } from "./errors.ts";
import type { AnyHook, OptimizerHook, Transformed } from "./hook.ts";
import type { StateTree } from "./tree.ts";

/** State of a chain: each hook's own, by hook name. */
export type ChainState = { readonly [hook: string]: StateTree };

/**
 * Runs hooks in order. State is kept by hook name, so inserting or moving a hook shifts nobody's.
 *
 * @throws RecipeError where two hooks share a name, or something among them is no hook.
 */
export function chain(...hooks: readonly AnyHook[]): OptimizerHook<ChainState> {
  const names = hooks.map((hook) => hook.name);
  const wrong = hooks.filter((hook) => !isHook(hook)).map(({ name }) => name);
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
  return {
    name: `chain(${names.join(", ")})`,
    init: (params, infos) =>
      Object.fromEntries(hooks.map((hook) => [hook.name, hook.init(params, infos) as StateTree])),
    transform(grads, state, ctx) {
      const next: Record<string, StateTree> = {};
      for (const hook of hooks) {
        const out: Transformed = hook.transform(grads, state[hook.name], ctx);
        grads = out.grads;
        next[hook.name] = out.state;
      }
      return { grads, state: next };
    },
  };
}

function isHook(value: object): boolean {
  return "transform" in value && "init" in value && !("terminal" in value && value.terminal);
}

function whyNoHook(value: object | undefined): string {
  if (value && "terminal" in value)
    return "It is an update rule: pass it as `rule`, where it stands last and exactly once.";
  if (value && ("weigh" in value || "combine" in value)) {
    return "It is a combiner: hooks only ever see one gradient, so it would do nothing there. Pass it to `taskTrainer`.";
  }
  return "A hook has `name`, `init` and `transform`.";
}
