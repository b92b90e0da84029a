import type { ParamInfo } from "./params.ts";
import { matcher, type Select, type Selector } from "./select.ts";

/** Compiles the selector once per list of parameters. For hooks that take selectors as options. */
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
