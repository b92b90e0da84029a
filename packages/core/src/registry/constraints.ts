import type { Constraints, Plugin } from "../plugin.ts";

/** A plugin where a recipe uses it, in the order in which the uses act. */
export interface Used {
  /** Where it stands in the recipe: `hooks[1]`. */
  readonly at: string;
  readonly plugin: Plugin;
}

/** As much of it as is looked at: something without constraints needs no more than a name. */
export interface Constrained {
  readonly at: string;
  readonly plugin: Pick<Plugin, "name" | "aliasOf" | keyof Constraints>;
}

/** Every constraint that the order and choice of `uses` break, each with the move that mends it. */
export function brokenConstraints(uses: readonly Constrained[]): string[] {
  const is = ({ plugin }: Constrained, name: string): boolean => plugin.name === name || plugin.aliasOf === name;
  return uses.flatMap(({ at, plugin }, i) => {
    const { name, after = [], before = [], conflicts = {}, needs = {} } = plugin;
    const [above, below] = [uses.slice(0, i), uses.slice(i + 1)];
    const others = [...above, ...below];
    return [
      ...after
        .filter((other) => below.some((use) => is(use, other)))
        .map((other) => `${at}: \`${name}\` must come after \`${other}\`: move it down.`),
      ...before
        .filter((other) => above.some((use) => is(use, other)))
        .map((other) => `${at}: \`${name}\` must come before \`${other}\`: move it up.`),
      ...Object.entries(conflicts)
        .filter(([other]) => others.some((use) => is(use, other)))
        .map(([other, why]) => `${at}: \`${name}\` conflicts with \`${other}\`: ${why}`),
      ...Object.entries(needs)
        .filter(([other]) => !others.some((use) => is(use, other)))
        .map(([other, why]) => `${at}: \`${name}\` needs \`${other}\`: ${why}`),
    ];
  });
}
