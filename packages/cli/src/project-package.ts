import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "./usage-error.ts";

/** Imports a package of the user's project, as the project would find it. @throws UsageError naming the command that adds it */
export async function projectPackage<T>(name: string, cwd: string): Promise<T> {
  let path: string;
  try {
    path = createRequire(join(cwd, "package.json")).resolve(name);
  } catch (cause) {
    throw new UsageError(`${name} is not installed.`, `npm install ${name}`, { cause });
  }
  return (await import(pathToFileURL(path).href)) as T;
}
