import type { OptionSchema } from "@graftjs/core";

/** One schema for each option of `O`. The options in `D` have a default. */
export type OptionProperties<O, D extends keyof O> = {
  readonly [K in keyof Required<O>]: K extends D
    ? OptionSchema & { readonly default: Exclude<O[K], undefined> }
    : OptionSchema;
};
