import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Described, JsonSchema } from "./described.ts";

/** The parts of a plugin that are read here. Core's own types would make every tool depend on core. */
interface PluginLike {
  readonly name: string;
  readonly options?: { readonly jsonSchema?: JsonSchema };
}

/** Options that do not belong to a plugin: the name of their marker, the module and the name of the exported schema. */
const OTHERS: readonly {
  readonly folder: string;
  readonly name: string;
  readonly module: string;
  readonly schema: string;
}[] = [
  {
    folder: "packages/tuner",
    name: "fineTune",
    module: "src/options/fine-tune-options.ts",
    schema: "fineTuneOptions",
  },
  { folder: "packages/presets", name: "fineTune", module: "src/options.ts", schema: "effortSettings" },
];

/** Reads the described options of every package under `root`, by the package's folder. Packages without options are left out. */
export async function readSources(root: string): Promise<ReadonlyMap<string, readonly Described[]>> {
  const found = new Map<string, readonly Described[]>();
  for (const name of readdirSync(join(root, "packages"))) {
    const folder = `packages/${name}`;
    const described = [...(await pluginsOf(join(root, folder))), ...(await othersOf(root, folder))];
    if (described.length > 0) found.set(folder, described);
  }
  return found;
}

async function pluginsOf(folder: string): Promise<Described[]> {
  const file = join(folder, "src/plugins.ts");
  if (!existsSync(file)) return [];
  const { plugins = [] } = (await import(pathToFileURL(file).href)) as { plugins?: readonly PluginLike[] };
  return plugins.flatMap(({ name, options }) => {
    const schema = options?.jsonSchema;
    return schema && Object.keys(schema.properties ?? {}).length > 0 ? [{ name, schema }] : [];
  });
}

async function othersOf(root: string, folder: string): Promise<Described[]> {
  const own = OTHERS.filter((other) => other.folder === folder);
  return Promise.all(
    own.map(async ({ name, module, schema }) => {
      const exported = (await import(pathToFileURL(join(root, folder, module)).href)) as Record<
        string,
        { readonly jsonSchema: JsonSchema }
      >;
      const value = exported[schema];
      if (!value)
        throw new Error(`${folder}/${module} has no export ${schema}. Change OTHERS in tools/options-docs/sources.ts.`);
      return { name, schema: value.jsonSchema };
    }),
  );
}
