import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "../terminal/errors.ts";

/**
 * Imports a package of Graft's: as the user's project would find it, else as it lies beside this command (in a clone of the
 * repository no package stands at the root).
 *
 * @throws UsageError naming the command that adds it
 */
export async function projectPackage<T>(name: string, cwd: string): Promise<T> {
  const path = resolveFrom(join(cwd, "package.json"), name) ?? resolveFrom(import.meta.url, name);
  if (path === undefined) throw new UsageError(`${name} is not installed.`, `npm install ${name}`);
  return (await import(pathToFileURL(path).href)) as T;
}

function resolveFrom(file: string, name: string): string | undefined {
  try {
    return createRequire(file).resolve(name);
  } catch {
    return undefined; // the next place is asked
  }
}
