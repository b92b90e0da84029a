import { OptionsError } from "../errors.ts";
import { checkOptions, withDefaults } from "./check-options.ts";
import type { PluginKind } from "./plugin.ts";
import type { StandardSchema } from "./standard-schema.ts";

/** The part of JSON Schema that describes options. `{}` accepts any value: functions, selectors. */
export interface OptionSchema {
  readonly type?: "number" | "integer" | "boolean" | "string" | "array" | "object";
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  /** Regular expression that a string must match. */
  readonly pattern?: string;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly enum?: readonly (string | number | boolean | null)[];
  readonly items?: OptionSchema;
  readonly properties?: Readonly<Record<string, OptionSchema>>;
  readonly additionalProperties?: boolean | OptionSchema;
  readonly required?: readonly string[];
  readonly anyOf?: readonly OptionSchema[];
  /**
   * The option holds a plugin of this kind. In code it takes the value itself; in a recipe it takes the plugin's name, or
   * `{ "use": name, "with": options }`, and the registry makes the value.
   */
  readonly plugin?: PluginKind;
  /** The option exists in code only: a recipe cannot write it. */
  readonly codeOnly?: boolean;
}

/** Options after `parse`: those named in `D` have a value, because the schema holds their default. */
export type Parsed<O, D extends keyof O = never> = O & { readonly [K in D]-?: Exclude<O[K], undefined> };

/** A Standard Schema that is its own JSON Schema, and the only place of each option's default. */
export interface OptionsSchema<O, D extends keyof O = never> extends StandardSchema<Parsed<O, D>> {
  readonly jsonSchema: OptionSchema;
  /**
   * Checks `options` and fills the defaults.
   *
   * @param name of the function that takes the options, for the error.
   * @throws OptionsError with every problem at once.
   */
  parse(name: string, options: O): Parsed<O, D>;
}

type Properties<O, D extends keyof O> = {
  readonly [K in keyof Required<O>]: K extends D
    ? OptionSchema & { readonly default: Exclude<O[K], undefined> }
    : OptionSchema;
};

/**
 * Makes a Standard Schema for an options object from one JSON Schema per option. An unknown key is a problem, reported
 * with the nearest known name. A plugin may use any other Standard Schema (valibot, zod) instead; this one needs no
 * dependency.
 *
 * @typeParam D names of the options with a default: `parse` returns them as present, and each must have `default`.
 * @param required names of the options that the caller must give.
 */
export function optionsSchema<O extends object, D extends keyof O = never>(
  properties: Properties<O, D>,
  required: readonly (keyof O & string)[] = [],
): OptionsSchema<O, D> {
  const jsonSchema: OptionSchema = { type: "object", properties, required, additionalProperties: false };
  return {
    jsonSchema,
    parse(name, options) {
      const problems = checkOptions(options, jsonSchema);
      if (problems.length > 0) {
        throw new OptionsError(
          `\`${name}\` has ${problems.length} wrong option(s).`,
          problems.map(({ message }) => message).join("\n"),
        );
      }
      return withDefaults(options, jsonSchema) as Parsed<O, D>;
    },
    "~standard": {
      version: 1,
      vendor: "graft",
      validate(value) {
        const issues = checkOptions(value, jsonSchema);
        return issues.length > 0 ? { issues } : { value: withDefaults(value, jsonSchema) as Parsed<O, D> };
      },
    },
  };
}
