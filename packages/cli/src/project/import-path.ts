import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Conditions under which Node imports a file, in the package's own order. */
const CONDITIONS: ReadonlySet<string> = new Set(["node", "import", "module-sync", "default"]);

/**
 * Returns the path that `import` would take for a package, for packages that `require` cannot resolve because their
 * `exports` have only an `import` condition.
 *
 * @param from a file of the project that has the package installed.
 */
export async function importPath(from: string, name: string): Promise<string | undefined> {
  const [, packageName = name, rest = ""] = /^(@[^/]+\/[^/]+|[^/]+)(.*)$/.exec(name) ?? [];
  for (const folder of createRequire(from).resolve.paths(packageName) ?? []) {
    const manifest = await readFile(join(folder, packageName, "package.json"), "utf8").catch(() => undefined);
    if (manifest === undefined) continue;
    const { exports } = JSON.parse(manifest) as { exports?: Readonly<Record<string, unknown>> };
    const target = targetOf(exports?.[`.${rest}`]);
    return target === undefined ? undefined : join(dirname(join(folder, packageName, "package.json")), target);
  }
  return undefined;
}

function targetOf(entry: unknown): string | undefined {
  if (typeof entry === "string") return entry;
  for (const [condition, value] of Object.entries(Object(entry))) {
    const target = CONDITIONS.has(condition) ? targetOf(value) : undefined;
    if (target !== undefined) return target;
  }
  return undefined;
}
