/** Relations of a plugin, or of the hook or rule that it makes. A registry checks recipes, and `fineTune` checks options. */
export interface Constraints {
  /** Name of another plugin → the reason why the two must not be combined. */
  readonly conflicts?: Readonly<Record<string, string>>;
}

/** A use of a plugin in a recipe or in options, reduced to the fields that the check reads. */
export interface Constrained {
  /** Place in the recipe, e.g. `hooks[1]`. */
  readonly at: string;
  readonly plugin: Constraints & { readonly name: string };
}

/** Returns one line for each conflict among `uses`, with the reason. */
export function brokenConstraints(uses: readonly Constrained[]): string[] {
  return uses.flatMap(({ at, plugin: { name, conflicts = {} } }, i) =>
    Object.entries(conflicts)
      .filter(([other]) => uses.some(({ plugin }, j) => j !== i && plugin.name === other))
      .map(([other, why]) => `${at}: \`${name}\` conflicts with \`${other}\`: ${why}`),
  );
}
