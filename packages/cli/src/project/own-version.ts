import { createRequire } from "node:module";

/** Returns the version of this command's package. */
export function ownVersion(): string {
  const manifest = createRequire(import.meta.url)("@graftjs/cli/package.json") as { version: string };
  return manifest.version;
}
