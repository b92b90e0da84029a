import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for checkpoints that nobody asked for: a run that loses its device goes on from them. It goes with the run. */
export interface SpareFolder {
  /** Made when it is first asked for; undefined where it cannot be. */
  path(): Promise<string | undefined>;
  remove(): Promise<void>;
}

export function spareFolder(): SpareFolder {
  let made: Promise<string | undefined> | undefined;
  return {
    path() {
      made ??= mkdtemp(join(tmpdir(), "graft-run-")).catch(() => undefined);
      return made;
    },
    async remove() {
      const path = await made;
      if (path !== undefined) await rm(path, { recursive: true, force: true });
    },
  };
}
