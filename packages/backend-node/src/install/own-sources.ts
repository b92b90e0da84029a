import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { ChecksumError } from "../errors.ts";

const packageFolder = (): string =>
  dirname(createRequire(import.meta.url).resolve("@graftjs/backend-node/package.json"));

/** Returns a sha256 over the names and the content of the sources in `native/`. */
export function sumOfOwnSources(folder: string = join(packageFolder(), "native")): string {
  const hash = createHash("sha256");
  const paths = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"));
  for (const path of paths.sort()) {
    const content = readFileSync(join(folder, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/**
 * Checks the sources in `native/` before they are compiled.
 *
 * @throws ChecksumError if their sum is not that of `prebuilt/native-sum.json`, which this package was published with.
 */
export function assertOwnSources(folder?: string): void {
  const text = readFileSync(join(packageFolder(), "prebuilt", "native-sum.json"), "utf8");
  const { sha256 } = JSON.parse(text) as { readonly sha256: string };
  if (sumOfOwnSources(folder) === sha256) return;
  throw new ChecksumError(
    `${folder ?? join(packageFolder(), "native")} does not hold the sources this package was published with.`,
    "Reinstall @graftjs/backend-node.",
  );
}
