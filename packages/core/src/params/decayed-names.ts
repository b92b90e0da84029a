import type { ParamInfo } from "./params.ts";
import type { Selector } from "./select.ts";
import { selectOnce } from "./select-once.ts";

/**
 * Returns a function that lists the parameters with weight decay: those of `on`, by default those with more than one
 * dimension (not biases, not norms). Each list of parameters is compiled once.
 *
 * @param what first words of the error if `on` matches nothing.
 */
export function decayedNames(
  on: Selector | undefined,
  what: string,
): (infos: readonly ParamInfo[]) => ReadonlySet<string> {
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
