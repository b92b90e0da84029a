import { OptionsError, suggest } from "./errors.ts";
import type { StandardSchema } from "./standard-schema.ts";

/** The part of JSON Schema that options are written in. `{}` takes anything: functions, selectors. */
export interface OptionSchema {
  readonly type?: "number" | "integer" | "boolean" | "string" | "array" | "object";
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly enum?: readonly (string | number | boolean | null)[];
  readonly items?: OptionSchema;
  readonly properties?: Readonly<Record<string, OptionSchema>>;
  readonly additionalProperties?: boolean | OptionSchema;
  readonly required?: readonly string[];
  readonly anyOf?: readonly OptionSchema[];
}

/** A Standard Schema that is its own JSON Schema. */
export interface OptionsSchema<O> extends StandardSchema<O> {
  readonly jsonSchema: OptionSchema;
}

/**
 * A Standard Schema for an options object, from one JSON Schema per option. Unknown keys are problems, with the nearest
 * known name. Any other Standard Schema (valibot, zod) serves a plugin as well; this one costs no dependency.
 *
 * @param required names of the options without a default.
 */
export function optionsSchema<O extends object>(
  properties: { readonly [K in keyof Required<O>]: OptionSchema },
  required: readonly (keyof O & string)[] = [],
): OptionsSchema<O> {
  const jsonSchema: OptionSchema = { type: "object", properties, required, additionalProperties: false };
  return {
    jsonSchema,
    "~standard": {
      version: 1,
      vendor: "graft",
      validate(value) {
        const issues = check(value, jsonSchema, []);
        return issues.length > 0 ? { issues } : { value: value as O };
      },
    },
  };
}

/** Throws an OptionsError with every problem of `options`; the first line of a factory. */
export function assertOptions<O extends object>(name: string, schema: OptionsSchema<O>, options: O): void {
  const issues = check(options, schema.jsonSchema, []);
  if (issues.length > 0) {
    throw new OptionsError(
      `\`${name}\` has ${issues.length} wrong option(s).`,
      issues.map(({ message }) => message).join("\n"),
    );
  }
}

interface Issue {
  readonly message: string;
  readonly path: readonly string[];
}

function check(value: unknown, schema: OptionSchema, path: readonly string[]): Issue[] {
  const at = path.length > 0 ? `\`${path.join(".")}\`` : "options";
  const issue = (rest: string): Issue[] => [{ message: `${at} ${rest}, got ${show(value)}`, path }];
  if (schema.anyOf) {
    if (schema.anyOf.some((option) => check(value, option, path).length === 0)) return [];
    return issue(`must be ${schema.anyOf.map(expectation).join(" or ")}`);
  }
  if (schema.enum) {
    if (schema.enum.some((item) => item === value)) return [];
    const names = schema.enum.map(String);
    return [
      {
        message: `${at} must be one of ${names.join(", ")}, got ${show(value)}. ${suggest(String(value), names)}`,
        path,
      },
    ];
  }
  if (!hasType(value, schema.type)) return issue(`must be ${expectation(schema)}`);
  if (typeof value === "number" && !inRange(value, schema)) return issue(`must be ${expectation(schema)}`);
  if (Array.isArray(value) && schema.items) {
    const { items } = schema;
    return value.flatMap((item, i) => check(item, items, [...path, String(i)]));
  }
  if (schema.type !== "object") return [];
  const object = value as Record<string, unknown>;
  const { properties = {}, additionalProperties = true, required = [] } = schema;
  const issues: Issue[] = required
    .filter((key) => object[key] === undefined)
    .map((key) => ({
      message: `\`${[...path, key].join(".")}\` is required: ${expectation(properties[key] ?? {})}`,
      path: [...path, key],
    }));
  for (const [key, item] of Object.entries(object)) {
    const known = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (known) {
      if (item !== undefined) issues.push(...check(item, known, [...path, key]));
    } else if (additionalProperties === false) {
      const where = [...path, key];
      issues.push({
        message: `\`${where.join(".")}\` is not an option. ${suggest(key, Object.keys(properties))}`,
        path: where,
      });
    } else if (additionalProperties !== true) {
      issues.push(...check(item, additionalProperties, [...path, key]));
    }
  }
  return issues;
}

function hasType(value: unknown, type: OptionSchema["type"]): boolean {
  if (type === undefined) return true;
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  if (type === "number") return typeof value === "number" && Number.isFinite(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function inRange(value: number, s: OptionSchema): boolean {
  return (
    value >= (s.minimum ?? -Infinity) &&
    value <= (s.maximum ?? Infinity) &&
    (s.exclusiveMinimum === undefined || value > s.exclusiveMinimum) &&
    (s.exclusiveMaximum === undefined || value < s.exclusiveMaximum)
  );
}

function expectation(s: OptionSchema): string {
  if (s.enum) return `one of ${s.enum.join(", ")}`;
  const bounds = [
    s.minimum === undefined ? "" : `≥ ${s.minimum}`,
    s.exclusiveMinimum === undefined ? "" : `> ${s.exclusiveMinimum}`,
    s.maximum === undefined ? "" : `≤ ${s.maximum}`,
    s.exclusiveMaximum === undefined ? "" : `< ${s.exclusiveMaximum}`,
  ].filter(Boolean);
  const article = s.type === undefined ? "anything" : /^[aeiou]/.test(s.type) ? `an ${s.type}` : `a ${s.type}`;
  return [article, bounds.join(" and ")].filter(Boolean).join(" ");
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "function" ? "a function" : String(value);
}
