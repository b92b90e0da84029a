import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { UsageError } from "../terminal/errors.ts";
import { importPath } from "./import-path.ts";

/**
 * Imports a package that this command can work without. The user's project is searched first, then the folders beside this
 * command: a clone of the repository has no packages at its root.
 *
 * @param cwd the folder of the user's project.
 * @throws UsageError with the command that installs the package
 */
export async function projectPackage<T>(name: string, cwd: string): Promise<T> {
  return (await import(pathToFileURL(await packagePath(name, cwd)).href)) as T;
}

/** Finds the file of such a package. The arguments and the error are those of {@link projectPackage}. */
export async function packagePath(name: string, cwd: string): Promise<string> {
  const project = join(cwd, "package.json");
  const path =
    resolveFrom(project, name) ??
    (await importPath(project, name)) ??
    resolveFrom(import.meta.url, name) ??
    (await importPath(fileURLToPath(import.meta.url), name));
  if (path === undefined) throw new UsageError(`${name} is not installed.`, `npm install ${packageOf(name)}`);
  return path;
}

/** Returns the package of a module's name: "h5wasm/node" → "h5wasm"; "@a/b/c" → "@a/b". */
export function packageOf(name: string): string {
  return name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/");
}

function resolveFrom(file: string, name: string): string | undefined {
  try {
    return createRequire(file).resolve(name);
  } catch {
    return undefined;
  }
}
