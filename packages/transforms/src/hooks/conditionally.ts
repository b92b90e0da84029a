import { type OptimizerHook, OptionsError, type StateTree, type StepContext } from "@graftjs/core";

/** Steps in which a hook acts: every N-th step from `offset` on, or those that the predicate accepts. */
export type When =
  | {
      readonly every: number;
      /** First step in which the hook acts. @default 0 */
      readonly offset?: number;
    }
  | ((ctx: StepContext) => boolean);

/**
 * Applies `hook` in some steps only. In the other steps gradients pass unchanged and its state stays. Like optax
 * `conditionally_transform`.
 *
 * A predicate gets the step's context and answers on the host. If it reads a tensor, it stalls the device.
 * @throws OptionsError if `every` is not an integer ≥ 1, or `offset` is not an integer ≥ 0.
 */
export function conditionally<S extends StateTree>(hook: OptimizerHook<S>, when: When): OptimizerHook<S> {
  const acts = predicate(hook.name, when);
  return {
    ...hook,
    transform: (grads, state, ctx) => (acts(ctx) ? hook.transform(grads, state, ctx) : { grads, state }),
  };
}

function predicate(name: string, when: When): (ctx: StepContext) => boolean {
  if (typeof when === "function") return when;
  const { every, offset = 0 } = when;
  if (!(Number.isInteger(every) && every >= 1 && Number.isInteger(offset) && offset >= 0)) {
    throw new OptionsError(
      `\`${name}\` should act every ${every} steps from step ${offset} on.`,
      "`every` is an integer ≥ 1, and `offset` is an integer ≥ 0.",
    );
  }
  return ({ step }) => step >= offset && (step - offset) % every === 0;
}
