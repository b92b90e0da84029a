import type { OptionSchema } from "@graftjs/core";

/** One schema for each option of `O`. The options in `D` have a default. */
export type OptionProperties<O, D extends keyof O> = {
  readonly [K in keyof Required<O>]: K extends D
    ? OptionSchema & { readonly default: Exclude<O[K], undefined> }
    : OptionSchema;
};

/**
 * Removes the defaults of options, so that those of the base model can come first.
 *
 * @param describe says, for the option's description, which value is used if the option is not given.
 */
export function withoutDefaults<P extends Readonly<Record<string, OptionSchema>>>(
  properties: P,
  describe: (usual: unknown) => string,
): { readonly [K in keyof P]: OptionSchema } {
  return Object.fromEntries(
    Object.entries(properties).map(([name, { default: usual, description, ...schema }]) => [
      name,
      {
        ...schema,
        description: usual === undefined ? `${description}` : `${description}. Default: ${describe(usual)}`,
      },
    ]),
  ) as { readonly [K in keyof P]: OptionSchema };
}
