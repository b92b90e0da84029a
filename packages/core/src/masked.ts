import type { OptimizerHook } from "./hook.ts";
import type { ParamInfo } from "./params.ts";
import { matcher, type Select, type Selector } from "./select.ts";
import type { StateTree, TensorMap } from "./tree.ts";

/**
 * Applies `hook` to the selected parameters only. The others pass through bit-identically and cost no state.
 * A hook that skips the step skips all of it, masked or not.
 *
 * @throws SelectionError, when the optimizer is built, where the selector matches nothing.
 */
export function masked<S extends StateTree>(hook: OptimizerHook<S>, selector: Selector): OptimizerHook<S> {
  const selected = selectOnce(selector, `The mask of \`${hook.name}\``);
  return {
    ...hook,
    init(params, infos) {
      const select = selected(infos);
      return hook.init(restrict(params, infos, select), infos.filter(select));
    },
    transform(grads, state, ctx) {
      const select = selected(ctx.infos);
      const inner = { ...ctx, infos: picked(ctx.infos, select), params: restrict(ctx.params, ctx.infos, select) };
      const out = hook.transform(restrict(grads, ctx.infos, select), state, inner);
      return { ...out, grads: { ...grads, ...out.grads } };
    },
  };
}

/** The selector compiled against a list of parameters, once per list. For hooks that take selectors as options. */
export function selectOnce(selector: Selector, what: string): (infos: readonly ParamInfo[]) => Select {
  const cache = new WeakMap<readonly ParamInfo[], Select>();
  return (infos) => {
    let select = cache.get(infos);
    if (!select) {
      select = matcher(infos, selector, what);
      cache.set(infos, select);
    }
    return select;
  };
}

const subsets = new WeakMap<readonly ParamInfo[], WeakMap<Select, readonly ParamInfo[]>>();

/** The same array every step, as the context promises: what is cached by it stays cached behind a mask. */
function picked(infos: readonly ParamInfo[], select: Select): readonly ParamInfo[] {
  const bySelect = subsets.get(infos) ?? new WeakMap<Select, readonly ParamInfo[]>();
  subsets.set(infos, bySelect);
  const subset = bySelect.get(select) ?? infos.filter(select);
  bySelect.set(select, subset);
  return subset;
}

function restrict(map: TensorMap, infos: readonly ParamInfo[], select: Select): TensorMap {
  const kept = infos.filter(select).flatMap(({ name }) => (map[name] ? [[name, map[name]] as const] : []));
  return Object.fromEntries(kept);
}
