import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { corePlugins, createRegistry, type Plugin, type Registry } from "@graftjs/core";
import { UsageError } from "../terminal/errors.ts";

/**
 * A registry of core's own plugins and those of the packages that a recipe names, found from the recipe's folder.
 *
 * @throws UsageError naming every package that is not installed, with the command that adds it, or that is no plugin.
 */
export async function loadRegistry(packages: readonly string[], folder: string): Promise<Registry> {
  const find = createRequire(join(folder, "recipe.json"));
  const problems: string[] = [];
  const found: Plugin[][] = [];
  for (const name of packages) {
    let module: { plugins?: readonly Plugin[] };
    try {
      module = (await import(pathToFileURL(find.resolve(name)).href)) as typeof module;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const missing = (code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND") && message.includes(`'${name}'`);
      problems.push(
        missing
          ? `${name} is not installed: npm install ${name}`
          : `${name} cannot be loaded: ${message.split("\n")[0]}`,
      );
      continue;
    }
    if (Array.isArray(module.plugins)) found.push([...(module.plugins as readonly Plugin[])]);
    else problems.push(`${name} exports no \`plugins\`: it is no Graft plugin. Remove it from "plugins".`);
  }
  if (problems.length > 0) {
    throw new UsageError(`${problems.length} of the recipe's plugins cannot be used.`, problems.join("\n"));
  }
  return createRegistry([corePlugins, ...found]);
}
