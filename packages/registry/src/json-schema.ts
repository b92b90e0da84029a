import type { OptionSchema, Plugin, PluginKind } from "@graftjs/core";
import { optionsOf } from "./accepts.ts";
import type { Section } from "./sections.ts";

/** A JSON Schema (draft-07), as editors read it. */
export type JsonSchema = { readonly [key: string]: unknown };

/** Returns the schema of recipes with these sections: names and options of plugins, selectors, and no other keys. */
export function recipeSchema(plugins: readonly Plugin[], sections: readonly Section[]): JsonSchema {
  const kinds = [...new Set(plugins.map(({ kind }) => kind))];
  const convert = converter(kinds);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "A Graft recipe",
    type: "object",
    required: sections.filter(({ required }) => required).map(({ key }) => key),
    additionalProperties: false,
    properties: Object.fromEntries(
      sections.map(({ key, schema, title }) => [
        key,
        key === "trainable" ? SELECTOR : { description: title, ...convert(schema) },
      ]),
    ),
    definitions: Object.fromEntries(
      kinds.map((kind) => [
        kind,
        { anyOf: plugins.filter((one) => one.kind === kind).map((one) => use(one, convert)) },
      ]),
    ),
  };
}

const NOTHING: JsonSchema = { not: {}, description: "No plugin of this kind is registered" };
const NAMES: JsonSchema = { type: "array", items: { type: "string" } };
const SELECTOR: JsonSchema = {
  description: "Parameters: a preset or glob, several of them, or include and exclude",
  anyOf: [
    { type: "string" },
    NAMES,
    { type: "object", additionalProperties: false, properties: { include: NAMES, exclude: NAMES } },
  ],
};

type Convert = (schema: OptionSchema) => JsonSchema;

/** Replaces options that hold plugins by references, and leaves out options that exist in code only. */
function converter(kinds: readonly PluginKind[]): Convert {
  const reference = (kind: PluginKind): JsonSchema => {
    const ref = kinds.includes(kind) ? { $ref: `#/definitions/${kind}` } : NOTHING;
    return kind === "schedule" ? { anyOf: [{ type: "number", minimum: 0 }, ref] } : ref;
  };
  const convert: Convert = ({ plugin, codeOnly: _, items, properties, additionalProperties, anyOf, ...plain }) => {
    if (plugin) {
      // Editors ignore keys beside a $ref.
      const { description } = plain;
      return description === undefined ? reference(plugin) : { description, allOf: [reference(plugin)] };
    }
    return {
      ...plain,
      ...(items ? { items: convert(items) } : {}),
      ...(properties
        ? {
            properties: Object.fromEntries(
              Object.entries(properties)
                .filter(([, inner]) => !inner.codeOnly)
                .map(([key, inner]) => [key, convert(inner)]),
            ),
          }
        : {}),
      ...(additionalProperties === undefined
        ? {}
        : {
            additionalProperties:
              typeof additionalProperties === "object" ? convert(additionalProperties) : additionalProperties,
          }),
      ...(anyOf ? { anyOf: anyOf.filter((option) => !option.codeOnly).map(convert) } : {}),
    };
  };
  return convert;
}

function use(plugin: Plugin, convert: Convert): JsonSchema {
  const { name, description, kind } = plugin;
  const options = plugin.options
    ? { type: "object", ...convert(optionsOf(plugin)) }
    : { type: "object", maxProperties: 0 };
  const onHooks = kind === "hook" ? { as: { type: "string" }, on: SELECTOR } : {};
  const long = {
    type: "object",
    description,
    required: ["use"],
    additionalProperties: false,
    properties: { use: { const: name, description }, ...onHooks, with: options },
  };
  return { anyOf: [{ const: name, description }, long] };
}
