import type { Plugin, PluginKind } from "../plugin.ts";
import type { StandardSchema } from "../standard-schema.ts";

/** A JSON Schema (draft-07), as editors read it. */
export type JsonSchema = { readonly [key: string]: unknown };

/** The schema of recipes over `plugins`: names, options, selectors, and no key besides. */
export function recipeSchema(plugins: readonly Plugin[]): JsonSchema {
  const kinds = [...new Set(plugins.map(({ kind }) => kind))];
  const ref = (kind: PluginKind): JsonSchema => (kinds.includes(kind) ? { $ref: `#/definitions/${kind}` } : NOTHING);
  const uses = (kind: PluginKind, description: string): JsonSchema => ({
    type: "array",
    items: ref(kind),
    description,
  });
  const rate = { anyOf: [{ type: "number", minimum: 0 }, ref("schedule")], description: "A number, or a schedule" };
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "A Graft recipe",
    type: "object",
    required: ["rule", "learningRate"],
    additionalProperties: false,
    properties: {
      $schema: { type: "string" },
      plugins: { type: "array", items: { type: "string" }, description: "Packages that bring the plugins" },
      backends: uses("backend", "The first that can do the job computes"),
      trainable: SELECTOR,
      patches: uses("patch", "Changes to the model, undone after the run"),
      combiner: ref("combiner"),
      hooks: uses("hook", "Gradient transformations, in this order"),
      rule: ref("rule"),
      learningRate: rate,
      rateMultipliers: {
        type: "array",
        items: {
          type: "object",
          required: ["on", "by"],
          additionalProperties: false,
          properties: { on: SELECTOR, by: rate },
        },
      },
      observers: uses("observer", "They watch and change nothing"),
      run: { description: "Model, data, epochs: read by whatever runs the recipe" },
    },
    definitions: Object.fromEntries(
      kinds.map((kind) => [kind, { anyOf: plugins.filter((one) => one.kind === kind).map((one) => use(one, ref)) }]),
    ),
  };
}

const NOTHING: JsonSchema = { not: {}, description: "No plugin of this kind is registered" };
const NAMES: JsonSchema = { type: "array", items: { type: "string" } };
const SELECTOR: JsonSchema = {
  description: "Parameters: a preset or glob, several, or include and exclude",
  anyOf: [
    { type: "string" },
    NAMES,
    { type: "object", additionalProperties: false, properties: { include: NAMES, exclude: NAMES } },
  ],
};

function use(plugin: Plugin, ref: (kind: PluginKind) => JsonSchema): JsonSchema {
  const { name, description, kind } = plugin;
  const options = plugin.options ? optionsSchemaOf(plugin, plugin.options, ref) : { type: "object", maxProperties: 0 };
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

/** The schema's own JSON Schema where it has one (ours, and libraries with Standard JSON Schema), nested plugins filled in. */
function optionsSchemaOf(
  { nests = {}, nestsEach = {} }: Plugin,
  schema: StandardSchema & { readonly jsonSchema?: unknown },
  ref: (kind: PluginKind) => JsonSchema,
): JsonSchema {
  const own = (schema.jsonSchema ?? schema["~standard"].jsonSchema?.input({ target: "draft-07" })) as
    | (JsonSchema & { readonly properties?: JsonSchema })
    | undefined;
  if (!own) return { type: "object" };
  const one = (kind: PluginKind): JsonSchema =>
    kind === "schedule" ? { anyOf: [{ type: "number", minimum: 0 }, ref(kind)] } : ref(kind);
  const inner = [
    ...Object.entries(nests).map(([key, kind]) => [key, one(kind)]),
    ...Object.entries(nestsEach).map(([key, kind]) => [key, { type: "object", additionalProperties: one(kind) }]),
  ];
  return { ...own, properties: { ...own.properties, ...Object.fromEntries(inner) } };
}
