import { selectOnce } from "../params/compiled-selectors.ts";
import type { ParamInfo } from "../params/params.ts";
import type { Select, Selector } from "../params/select.ts";
import type { TensorMap } from "../params/tensor-map.ts";
import type { StateTree } from "../state/tree.ts";
import type { OptimizerHook } from "./hook.ts";

/**
 * Applies `hook` to the selected parameters only. The other gradients pass bit-identically and need no state.
 * If the hook skips a step, the whole step is skipped, for parameters outside the mask too.
 *
 * @throws SelectionError if the selector matches nothing, when the optimizer is built.
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
      const inner = { ...ctx, infos: subsetOf(ctx.infos, select), params: restrict(ctx.params, ctx.infos, select) };
      const out = hook.transform(restrict(grads, ctx.infos, select), state, inner);
      return { ...out, grads: { ...grads, ...out.grads } };
    },
  };
}

const subsets = new WeakMap<readonly ParamInfo[], WeakMap<Select, readonly ParamInfo[]>>();

/** Returns the same array in every step, as the context promises: hooks behind a mask may use it as a cache key. */
function subsetOf(infos: readonly ParamInfo[], select: Select): readonly ParamInfo[] {
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
