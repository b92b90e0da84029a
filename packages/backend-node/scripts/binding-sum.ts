import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { NODE_API_HEADERS, TFJS_NODE } from "../src/install/npm-package.ts";
import { WHEELS } from "../src/install/wheels.ts";

const root = join(import.meta.dirname, "..");
/** Files with the patches, the compiler and its arguments. */
const RECIPE: readonly string[] = ["scripts/build-binding.ts", "src/install/binding-sources.ts"];

/**
 * Returns a sha256 over everything that decides the content of the shipped bindings: the code of `native/` and of the files with the
 * patches and arguments, and the pinned sums of downloads. Comments do not count. `build-binding.ts` writes it to
 * `prebuilt/sums.json` as `sources`. If it differs, the bindings were not built from the present sources.
 */
export function sumOfSources(): string {
  const hash = createHash("sha256");
  const add = (name: string, content: Buffer): void => {
    hash.update(`${name}\0${content.length}\0`).update(content);
  };
  for (const path of filesUnder("native"))
    add(path, Buffer.from(withoutComments(readFileSync(join(root, path), "utf8"))));
  for (const path of RECIPE) add(path, Buffer.from(codeOf(readFileSync(join(root, path), "utf8"))));
  for (const { spec, sha512 } of [TFJS_NODE, NODE_API_HEADERS]) add(spec, Buffer.from(sha512));
  for (const { file, sha256 } of WHEELS["linux-x64-cpu"]) add(file, Buffer.from(sha256));
  return hash.digest("hex");
}

function filesUnder(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
}

function codeOf(typescript: string): string {
  return withoutComments(typescript).replace(/\s+/g, " ");
}

/** Removes block comments, and line comments that have a line to themselves. */
function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*\n?/gm, "");
}
