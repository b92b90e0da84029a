import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "../terminal/errors.ts";

/**
 * Imports a package that this command can work without. The user's project is searched first, then the folders beside this
 * command: a clone of the repository has no packages at its root.
 *
 * @param cwd the folder of the user's project.
 * @throws UsageError with the command that installs the package
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
    return undefined;
  }
}
