import type { ParamInfo } from "./params.ts";
import { matcher, type Select, type Selector } from "./select.ts";

/** Compiles the selector once per list of parameters. For hooks that take selectors as options. */
export function selectOnce(selector: Selector, what: string): (infos: readonly ParamInfo[]) => Select {
  const cache = new WeakMap<readonly ParamInfo[], Select>();
  return (infos) => {
    const select = cache.get(infos) ?? matcher(infos, selector, what);
    cache.set(infos, select);
    return select;
  };
}

/** Whether weight decay applies if no selector is given: to all parameters with two or more dimensions that are not a bias, gamma or beta. */
export function decaysByDefault({ role, shape }: ParamInfo): boolean {
  return shape.length > 1 && role !== "gamma" && role !== "beta" && role !== "bias" && !role.endsWith("_bias");
}

/**
 * Returns a function that lists the parameters with weight decay: those of `on`, by default those of
 * {@link decaysByDefault}. Each list of parameters is compiled once.
 *
 * @param what names the caller; the error begins with it if `on` matches nothing.
 */
export function decayedNames(
  on: Selector | undefined,
  what: string,
): (infos: readonly ParamInfo[]) => ReadonlySet<string> {
  const selected = on === undefined ? () => decaysByDefault : selectOnce(on, what);
  const cache = new WeakMap<readonly ParamInfo[], ReadonlySet<string>>();
  return (infos) => {
    const names = cache.get(infos) ?? new Set(infos.filter(selected(infos)).map(({ name }) => name));
    cache.set(infos, names);
    return names;
  };
}
