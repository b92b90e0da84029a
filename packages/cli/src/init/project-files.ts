import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { reasonOf } from "../project/files.ts";
import { UsageError } from "../terminal/errors.ts";

/** Text of each file of a new project, by its path in the project's folder. */
export type ProjectFiles = Readonly<Record<string, string>>;

/**
 * Writes a new project. If a file cannot be written, removes the ones that were.
 *
 * @throws UsageError if the folder has files already, or cannot be written
 */
export async function writeProject(folder: string, files: ProjectFiles): Promise<void> {
  const found = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new UsageError(`${folder} cannot be read: ${reasonOf(error)}.`, "Give another folder.", { cause: error });
  });
  if (found && found.length > 0)
    throw new UsageError(`The folder ${folder} is not empty.`, "Give the name of a new folder, or of an empty one.");
  const written: string[] = [];
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      written.push(path);
      await writeFile(path, text, { flag: "wx" });
    }
  } catch (cause) {
    await Promise.all(written.map((path) => rm(path, { force: true })));
    if (!found) await rm(folder, { recursive: true, force: true });
    throw new UsageError(
      `The project cannot be written to ${folder}: ${reasonOf(cause as NodeJS.ErrnoException)}.`,
      "Give a folder that you may write to.",
      { cause },
    );
  }
}
