import { realpathSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Values } from "../terminal/values.ts";

/** The code that a recipe may name. `SECURITY.md` explains the levels. */
export interface Trust {
  /** Files of code that a recipe may name by path: none, those in the recipe's folder, or any. */
  readonly paths: "none" | "folder" | "any";
  /** Whether only Graft's own packages may be named, and data only as files. */
  readonly firstParty: boolean;
}

/** What a command that only looks may load: installed packages. */
export const LOOK: Trust = { paths: "none", firstParty: false };

/** Flags of every command that takes a recipe. */
export const trustFlags = { "trust-paths": "boolean", untrusted: "boolean" } as const;

/** Explains {@link trustFlags} in `graft <command> --help`. */
export const trustHelp: string =
  "--trust-paths  Also loads plugins and data modules by path, from any folder. Their code can do whatever you can do.\n" +
  "--untrusted    For a recipe of a stranger: loads only plugins of @graftjs packages, and data only from files.";

/** Returns the trust that the command line gives. @param usual the files by path that the command loads without a flag */
export function trustOf(values: Values, usual: Trust["paths"]): Trust {
  if (values.untrusted === true) return { paths: "none", firstParty: true };
  return { paths: values["trust-paths"] === true ? "any" : usual, firstParty: false };
}

const PACKAGE = /^(@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*(\/[a-z0-9._~-]+)*$/i;

/** Tells whether a name can only mean an installed package. Everything else is a path, or nothing. */
export function isPackageName(name: string): boolean {
  return PACKAGE.test(name) && !name.split("/").includes("..");
}

/** Returns one line that says why a plugin package or path may not be loaded, or undefined if it may. */
export function refusal(name: string, folder: string, trust: Trust): string | undefined {
  const shown = JSON.stringify(name);
  if (trust.firstParty && !(name.startsWith("@graftjs/") && isPackageName(name))) {
    return `${shown} is not a package of Graft, and --untrusted allows only those. Without the flag, its code runs as you.`;
  }
  if (isPackageName(name)) return undefined;
  return pathRefusal(name, folder, trust);
}

/** Returns one line that says why a file of code may not be loaded, or undefined if it may. */
export function pathRefusal(name: string, folder: string, { paths, firstParty }: Trust): string | undefined {
  if (paths === "any") return undefined;
  const shown = JSON.stringify(name);
  if (firstParty)
    return `${shown} is code, and --untrusted allows none but Graft's packages. Use a .safetensors file for data.`;
  if (paths === "none")
    return `${shown} is code by path, which this command does not load. Add --trust-paths if you trust it.`;
  if (liesIn(name, folder)) return undefined;
  return `${shown} lies outside the recipe's folder. Move it there, or add --trust-paths if you trust it.`;
}

/** Tells whether a relative path lies in `folder`, links resolved. */
function liesIn(name: string, folder: string): boolean {
  if (/^[a-z][a-z0-9+.-]*:/i.test(name) || resolve(name) === name || name.split(/[\\/]/).includes("..")) return false;
  const [root, path] = [realPath(folder), realPath(resolve(folder, name))];
  const within = relative(root, path);
  return within !== "" && within !== ".." && !within.startsWith(`..${sep}`) && resolve(within) !== within;
}

/** Returns a path with its links resolved. A file that does not exist keeps its name: loading it reports that. */
export function realPath(path: string): string {
  try {
    return realpathSync(path.startsWith("file:") ? fileURLToPath(path) : path);
  } catch {
    return path;
  }
}
