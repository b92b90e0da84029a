import { type OptimizerHook, OptionsError, type StateTree, type StepContext } from "@graftjs/core";

/** When a hook acts: every so many steps, from `offset` on, or where the predicate says so. */
export type When =
  | {
      readonly every: number;
      /** First step on which it acts. @default 0 */
      readonly offset?: number;
    }
  | ((ctx: StepContext) => boolean);

/**
 * Lets `hook` act on some steps only. On the others gradients pass as they are and its state stays. As optax
 * `conditionally_transform`.
 *
 * A predicate gets the step's context and answers on the host; one that reads a tensor stalls the device.
 * @throws OptionsError where `every` is not an integer ≥ 1, or `offset` not one ≥ 0.
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
      "`every` is an integer ≥ 1, `offset` one ≥ 0.",
    );
  }
  return ({ step }) => step >= offset && (step - offset) % every === 0;
}
