import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for the checkpoints of a run without `--checkpoint`. It lets the run continue if the GPU is lost. */
export interface TemporaryFolder {
  /** Creates the folder at the first call. Returns its path, or undefined if it cannot be created. */
  path(): Promise<string | undefined>;
  /** Deletes the folder with its contents, if it was created. */
  remove(): Promise<void>;
}

/** Returns a temporary folder that is not created before it is needed. */
export function temporaryFolder(): TemporaryFolder {
  let created: Promise<string | undefined> | undefined;
  return {
    path() {
      created ??= mkdtemp(join(tmpdir(), "graft-run-")).catch(() => undefined);
      return created;
    },
    async remove() {
      const path = await created;
      if (path !== undefined) await rm(path, { recursive: true, force: true });
    },
  };
}
