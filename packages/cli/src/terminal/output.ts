import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { reason } from "../recipe/recipe-file.ts";
import { UsageError } from "./usage-error.ts";

/** Makes sure, before anything is trained, that the result can be written. @throws UsageError */
export async function assertWritable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw new UsageError(
      `The output folder cannot be written: ${reason(cause as NodeJS.ErrnoException)}.`,
      `Looked at ${folder}. Give another with --out, or "output" in the recipe's "run".`,
      { cause },
    );
  }
}
