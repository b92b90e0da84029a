import { selectOnce } from "./masked.ts";
import type { ParamInfo } from "./params.ts";
import type { Selector } from "./select.ts";

/** Names of the parameters that decay, once a list: those of `on`, and by default those of more than one dimension. */
export function decays(on: Selector | undefined, what: string): (infos: readonly ParamInfo[]) => ReadonlySet<string> {
  const selected = on === undefined ? () => isMatrix : selectOnce(on, what);
  const cache = new WeakMap<readonly ParamInfo[], ReadonlySet<string>>();
  return (infos) => {
    const names = cache.get(infos) ?? new Set(infos.filter(selected(infos)).map(({ name }) => name));
    cache.set(infos, names);
    return names;
  };
}

function isMatrix({ shape }: ParamInfo): boolean {
  return shape.length > 1;
}
