import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { plugins as backendPlugins } from "@graftjs/backend";
import { plugins as corePlugins } from "@graftjs/core";
import { createRegistry, type Entry, type Registry } from "@graftjs/registry";
import { plugins as transformPlugins } from "@graftjs/transforms";
import { plugins as doctorPlugins } from "../doctor/plugins.ts";
import { packageOf } from "../project/project-package.ts";
import { isPackageName, LOOK, refusal, type Trust } from "../project/trust.ts";
import { UsageError } from "../terminal/errors.ts";

/** Packages whose plugins are always registered. A recipe may name them, too. */
const BASE: ReadonlySet<string> = new Set(
  ["core", "transforms", "backend", "tuner", "data"].map((name) => `@graftjs/${name}`),
);

/**
 * Makes a registry of the plugins of Graft's base packages and of the plugins that the given packages export.
 *
 * @param packages names or relative paths, resolved from `folder`.
 * @param trust the code that may be loaded. @default installed packages
 * @throws UsageError with a line for each package that is not installed, cannot be loaded or exports no plugins
 */
export async function loadRegistry(
  packages: readonly string[],
  folder: string,
  trust: Trust = LOOK,
): Promise<Registry> {
  const { resolve } = createRequire(join(folder, "recipe.json"));
  const loaded = await Promise.all(
    packages
      .filter((name) => !BASE.has(name))
      .map((name) => refusal(String(name), folder, trust) ?? loadPlugins(name, resolve)),
  );
  const problems = loaded.filter((plugins) => typeof plugins === "string");
  if (problems.length > 0) {
    throw new UsageError(`${problems.length} of the recipe's plugins cannot be used.`, problems.join("\n"));
  }
  const { plugins: tunerPlugins } = await import("@graftjs/tuner");
  const { plugins: sourcePlugins } = await import("@graftjs/data");
  const { plugins: ownPlugins } = await import("../data/plugins.ts");
  const base = [corePlugins, transformPlugins, backendPlugins, tunerPlugins, sourcePlugins, ownPlugins, doctorPlugins];
  return createRegistry([...base, ...loaded.filter((plugins) => typeof plugins !== "string")]);
}

/** Tells whether a value is a plugin, or a list of plugins. */
function isPlugin(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every(isPlugin);
  const { kind, create } = Object(value) as { kind?: unknown; create?: unknown };
  return typeof kind === "string" && typeof create === "function";
}

/** Returns a package's plugins, or one line that describes the problem with the package. */
async function loadPlugins(name: string, resolve: NodeJS.RequireResolve): Promise<readonly Entry[] | string> {
  try {
    const module = (await import(pathToFileURL(resolve(name)).href)) as Readonly<Record<string, unknown>>;
    if (Array.isArray(module.plugins)) return module.plugins as readonly Entry[];
    const near = Object.keys(module).find((key) => key !== "plugins" && isPlugin(module[key]));
    if (module.plugins !== undefined || near !== undefined)
      return `${name} exports ${module.plugins === undefined ? `the plugin \`${near}\`` : "`plugins` that are not a list"}. Graft reads a list: export const plugins = [${near ?? "plugin"}].`;
    return `${name} exports no \`plugins\`, so it is not a Graft plugin. Remove it from "plugins".`;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing = (code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND") && message.includes(`'${name}'`);
    return missing
      ? `${name} is not installed${isPackageName(name) ? `: npm install ${packageOf(name)}` : ". Check the path."}`
      : `${name} cannot be loaded: ${message.split("\n")[0]}`;
  }
}
