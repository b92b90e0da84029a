import { didYouMean } from "../errors.ts";
import type { OptionSchema } from "./options.ts";

/** A problem of one option. `path` leads to it from the options object. */
export interface OptionProblem {
  readonly message: string;
  readonly path: readonly string[];
}

/** Returns every problem of `value` under `schema`. */
export function checkOptions(value: unknown, schema: OptionSchema, path: readonly string[] = []): OptionProblem[] {
  const problem = (rest: string, hint = "") => [{ message: `${at(path)} ${rest}, got ${show(value)}${hint}`, path }];
  if (schema.plugin) {
    const fix = pluginProblem(value, schema.plugin);
    return fix ? problem(`must be a ${schema.plugin}`, `. ${fix}`) : [];
  }
  if (schema.anyOf) return alternativeProblems(value, schema.anyOf, path);
  if (schema.enum) {
    if (schema.enum.some((item) => item === value)) return [];
    const names = schema.enum.map(String);
    return problem(`must be one of ${names.join(", ")}`, `. ${didYouMean(String(value), names)}`);
  }
  if (!hasType(value, schema.type) || !inRange(value, schema)) return problem(`must be ${expectation(schema)}`);
  if (Array.isArray(value) && schema.items) {
    const { items } = schema;
    return value.flatMap((item, i) => checkOptions(item, items, [...path, String(i)]));
  }
  return schema.type === "object" ? objectProblems(value as Record<string, unknown>, schema, path) : [];
}

/** Names an option in a message. */
const at = (path: readonly string[]): string => (path.length > 0 ? `\`${path.join(".")}\`` : "options");

function alternativeProblems(value: unknown, anyOf: readonly OptionSchema[], path: readonly string[]): OptionProblem[] {
  if (anyOf.some((option) => checkOptions(value, option, path).length === 0)) return [];
  // The value has the form of this alternative: its inner problems say more than a list of all alternatives.
  const near = anyOf.find(({ type }) => (type === "object" || type === "array") && hasType(value, type));
  if (near) return checkOptions(value, near, path);
  const names = anyOf.flatMap((option) => option.enum ?? []).map(String);
  const hint = typeof value === "string" && names.length > 0 ? `. ${didYouMean(value, names)}` : "";
  return [{ message: `${at(path)} must be ${expectation({ anyOf })}, got ${show(value)}${hint}`, path }];
}

function objectProblems(
  object: Record<string, unknown>,
  schema: OptionSchema,
  path: readonly string[],
): OptionProblem[] {
  const { properties = {}, additionalProperties = true, required = [] } = schema;
  const problems: OptionProblem[] = required
    .filter((key) => object[key] === undefined)
    .map((key) => ({
      message: `\`${[...path, key].join(".")}\` is required: ${expectation(properties[key] ?? {})}`,
      path: [...path, key],
    }));
  for (const [key, item] of Object.entries(object)) {
    const inner = [...path, key];
    const known = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (known) {
      if (item !== undefined) problems.push(...checkOptions(item, known, inner));
    } else if (additionalProperties === false) {
      const hint = didYouMean(key, Object.keys(properties));
      problems.push({ message: `\`${inner.join(".")}\` is not an option. ${hint}`, path: inner });
    } else if (additionalProperties !== true) {
      problems.push(...checkOptions(item, additionalProperties, inner));
    }
  }
  return problems;
}

/** Returns `value` with the defaults of `schema` in place of missing options, nested objects included. */
export function withDefaults(value: unknown, schema: OptionSchema): unknown {
  if (value === undefined) return schema.default;
  const { items, properties } = schema.anyOf?.find((option) => checkOptions(value, option).length === 0) ?? schema;
  if (Array.isArray(value)) return items?.properties ? value.map((item) => withDefaults(item, items)) : value;
  if (!properties || typeof value !== "object" || value === null) return value;
  const given = Object.entries(value).filter(([, item]) => item !== undefined);
  const filled: Record<string, unknown> = Object.fromEntries(given);
  for (const [key, inner] of Object.entries(properties)) {
    const item = withDefaults(filled[key], inner);
    if (item !== undefined) filled[key] = item;
  }
  return filled;
}

/** Returns the fix if `value` cannot be a plugin's value. */
function pluginProblem(value: unknown, kind: string): string | undefined {
  if (kind === "schedule" && typeof value === "number")
    return value >= 0 && Number.isFinite(value) ? undefined : "Give a number ≥ 0, or a schedule.";
  if (typeof value === "function") return undefined;
  if (typeof value === "string" || (typeof value === "object" && value !== null && "use" in value)) {
    return "Names work in recipes only: in code, call the plugin's function.";
  }
  return typeof value === "object" && value !== null ? undefined : `Call the function that makes the ${kind}.`;
}

function hasType(value: unknown, type: OptionSchema["type"]): boolean {
  if (type === undefined) return true;
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  if (type === "number") return typeof value === "number" && Number.isFinite(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function inRange(value: unknown, s: OptionSchema): boolean {
  if (typeof value === "string") return s.pattern === undefined || new RegExp(s.pattern).test(value);
  if (typeof value !== "number") return true;
  return (
    value >= (s.minimum ?? -Infinity) &&
    value <= (s.maximum ?? Infinity) &&
    (s.exclusiveMinimum === undefined || value > s.exclusiveMinimum) &&
    (s.exclusiveMaximum === undefined || value < s.exclusiveMaximum)
  );
}

function expectation(s: OptionSchema): string {
  if (s.plugin) return `${/^[aeiou]/.test(s.plugin) ? "an" : "a"} ${s.plugin}`;
  if (s.anyOf) return s.anyOf.map(expectation).join(" or ");
  if (s.enum) return `one of ${s.enum.join(", ")}`;
  const bounds = [
    s.pattern === undefined ? "" : `matching ${s.pattern}`,
    s.minimum === undefined ? "" : `≥ ${s.minimum}`,
    s.exclusiveMinimum === undefined ? "" : `> ${s.exclusiveMinimum}`,
    s.maximum === undefined ? "" : `≤ ${s.maximum}`,
    s.exclusiveMaximum === undefined ? "" : `< ${s.exclusiveMaximum}`,
  ].filter(Boolean);
  const article = s.type === undefined ? "any value" : /^[aeiou]/.test(s.type) ? `an ${s.type}` : `a ${s.type}`;
  return [article, bounds.join(" and ")].filter(Boolean).join(" ");
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "function" ? "a function" : String(value);
}
