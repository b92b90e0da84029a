import type { OptionSchema } from "@graftjs/core";

/** A plugin as JSON names it among alternatives. The registry checks the name and the options. */
const NAMED: OptionSchema = {
  anyOf: [
    { type: "string" },
    {
      type: "object",
      properties: { use: {}, with: {}, as: {}, on: {} },
      required: ["use"],
      additionalProperties: false,
    },
  ],
};

/**
 * Returns the part of `schema` that JSON can write: without options that exist in code only, and with any value in the
 * place of a plugin, because the registry checks plugins when it builds them. Use it to check the `run` section of a
 * recipe before the recipe is resolved.
 */
export function jsonOptions({
  plugin,
  items,
  properties,
  additionalProperties,
  anyOf,
  ...plain
}: OptionSchema): OptionSchema {
  if (plugin) return {};
  return {
    ...plain,
    ...(items ? { items: jsonOptions(items) } : {}),
    ...(properties
      ? {
          properties: Object.fromEntries(
            Object.entries(properties)
              .filter(([, { codeOnly }]) => !codeOnly)
              .map(([key, option]) => [key, jsonOptions(option)]),
          ),
        }
      : {}),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties:
            typeof additionalProperties === "object" ? jsonOptions(additionalProperties) : additionalProperties,
        }),
    ...(anyOf
      ? {
          anyOf: anyOf
            .filter(({ codeOnly }) => !codeOnly)
            .map((option) => (option.plugin ? NAMED : jsonOptions(option))),
        }
      : {}),
  };
}
