import type { Registry } from "@graftjs/registry";
import { runSchema } from "./run-section.ts";

/** Returns the JSON Schema of recipes with the registry's plugins, as the text of a file. */
export async function schemaText(registry: Registry): Promise<string> {
  return `${JSON.stringify(registry.jsonSchema({ run: await runSchema() }), null, 2)}\n`;
}
