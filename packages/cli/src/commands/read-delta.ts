import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { reason } from "../recipe/recipe-file.ts";
import { UsageError } from "../terminal/usage-error.ts";

/** The bytes of a delta named on the command line. @throws UsageError */
export async function readDelta(given: string, cwd: string): Promise<Uint8Array> {
  const path = resolve(cwd, given);
  return readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`The delta ${path} cannot be read: ${reason(cause)}.`, "graft run writes one.", { cause });
  });
}
