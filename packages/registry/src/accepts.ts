import type { OptionSchema, Plugin, StandardSchema } from "@graftjs/core";

/** Returns the schema of a plugin's options, if the plugin's library can describe it. */
export function optionsOf({ options }: Plugin): OptionSchema {
  const schema = options as (StandardSchema & { readonly jsonSchema?: OptionSchema }) | undefined;
  if (!schema) return {};
  return schema.jsonSchema ?? (schema["~standard"].jsonSchema?.input({ target: "draft-07" }) as OptionSchema) ?? {};
}

/** Whether JSON `value` has the form of `schema`, as far as needed to choose among alternatives. */
export function accepts(schema: OptionSchema, value: unknown): boolean {
  if (schema.enum) return schema.enum.some((item) => item === value);
  if (schema.anyOf) return schema.anyOf.some((option) => accepts(option, value));
  if (schema.plugin) {
    return (
      typeof value === "string" ||
      (typeof value === "object" && value !== null && "use" in value) ||
      (schema.plugin === "schedule" && typeof value === "number")
    );
  }
  if (schema.codeOnly) return false;
  if (schema.type === undefined) return true;
  if (schema.pattern !== undefined) return typeof value === "string" && new RegExp(schema.pattern).test(value);
  if (schema.type === "array") {
    const { items } = schema;
    return Array.isArray(value) && (!items || value.every((item) => accepts(items, item)));
  }
  if (schema.type === "integer") return Number.isInteger(value);
  if (schema.type !== "object") return typeof value === schema.type;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const { properties = {}, additionalProperties = true } = schema;
  return Object.keys(value).every((key) => additionalProperties !== false || Object.hasOwn(properties, key));
}
