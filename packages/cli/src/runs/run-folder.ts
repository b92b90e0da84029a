import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { reasonOf } from "../project/files.ts";
import { UsageError } from "../terminal/errors.ts";

/** The file of a run's folder that holds its figures. `graft compare` reads it. */
export const RESULT_FILE = "result.json";

/** The figures of a finished run. */
export interface RunResult {
  /** Values of each epoch by name: `loss`, metrics and their `val_` forms. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly steps: number;
  /** Time of each epoch in seconds. */
  readonly seconds: readonly number[];
  readonly stopped?: string | undefined;
  readonly warnings: readonly string[];
  /** The recipe as it was read. */
  readonly recipe: unknown;
}

/**
 * Creates a folder for a run: `001-<recipe>`, or the next number.
 *
 * @param runs absolute path of the folder of all runs. @throws UsageError if it cannot be written
 */
export async function createRunFolder(runs: string, recipe: string): Promise<string> {
  const name = basename(recipe, extname(recipe));
  for (let n = (await lastNumber(runs)) + 1; ; n++) {
    const folder = join(runs, `${String(n).padStart(3, "0")}-${name}`);
    try {
      await mkdir(folder);
      return folder;
    } catch (cause) {
      // Another run may have taken the number meanwhile.
      if ((cause as NodeJS.ErrnoException).code === "EEXIST") continue;
      throw new UsageError(
        `The folder ${folder} cannot be created: ${reasonOf(cause as NodeJS.ErrnoException)}.`,
        "Give another folder with --runs.",
        { cause },
      );
    }
  }
}

async function lastNumber(runs: string): Promise<number> {
  const names = await readdir(runs).catch(() => []);
  return Math.max(0, ...names.map((name) => Number(/^(\d+)-/.exec(name)?.[1] ?? 0)));
}

/** Writes the figures of a run into its folder. NaN and infinities become text, because JSON has none. */
export async function writeResult(folder: string, result: RunResult): Promise<void> {
  const text = JSON.stringify(
    result,
    (_, value: unknown) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value),
    2,
  );
  await writeFile(join(folder, RESULT_FILE), `${text}\n`);
}

/** Reads the figures of a run. Returns undefined if the folder holds none. @throws UsageError if the file is damaged */
export async function readResult(folder: string): Promise<RunResult | undefined> {
  const path = join(folder, RESULT_FILE);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const result = JSON.parse(text) as RunResult;
    const { history, seconds } = result;
    if (Object.values(history).every(Array.isArray) && Array.isArray(seconds)) return result;
  } catch {
    // Reported below, as is JSON of another form.
  }
  throw new UsageError(
    `${path} is not the result of a run.`,
    "`graft run --runs` writes this file. Delete or repair it.",
  );
}
