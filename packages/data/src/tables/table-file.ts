import { readFile, stat } from "node:fs/promises";
import { extname } from "node:path";
import { CsvError, parse } from "csv-parse/sync";
import { DataFilesError, problemsError, shown } from "../data-files-error.ts";

/** A table: the names of its columns, and a text for each cell. A missing cell is undefined. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | undefined)[])[];
}

/** Endings of the files that are read. */
export const TABLE_EXTENSIONS: readonly string[] = [".csv", ".tsv", ".jsonl", ".ndjson"];

/** Cells with these texts count as missing. */
const MISSING: ReadonlySet<string> = new Set(["", "NA", "N/A", "NaN", "nan", "null", "?"]);

const MOST_BYTES = 500_000_000;

/**
 * Reads a table. The ending decides the form: `.csv` with commas, `.tsv` with tabs, `.jsonl` and `.ndjson` with one JSON object per line.
 *
 * @param delimiter between the cells of a `.csv` file. @default ","
 * @throws DataFilesError if the file cannot be read or is not a table, with the number of the line
 */
export async function readTableFile(path: string, delimiter = ","): Promise<Table> {
  const ending = extname(path).toLowerCase();
  if (!TABLE_EXTENSIONS.includes(ending))
    throw new DataFilesError(
      `${shown(path)} is not a table.`,
      `A table's name ends with ${TABLE_EXTENSIONS.join(", ")}.`,
    );
  const text = await textOf(path);
  const table =
    ending.endsWith("n") || ending.endsWith("l")
      ? objects(text, path)
      : cells(text, path, ending === ".tsv" ? "\t" : delimiter);
  if (table.rows.length === 0)
    throw new DataFilesError(`The table ${shown(path)} has no rows.`, "Is the file complete?");
  return table;
}

async function textOf(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES)
      throw new DataFilesError(
        `The table ${shown(path)} has ${Math.round(size / 1e6)} MB.`,
        `Give a file with up to ${MOST_BYTES / 1e6} MB.`,
      );
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch (cause) {
    if (cause instanceof DataFilesError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "it does not exist" : message;
    throw new DataFilesError(
      `The table ${shown(path)} cannot be read: ${reason}.`,
      "Check the path. The file must be UTF-8.",
      { cause },
    );
  }
}

function cells(text: string, path: string, delimiter: string): Table {
  let records: readonly (readonly string[])[];
  try {
    records = parse(text, { delimiter, bom: true, skip_empty_lines: true, trim: true });
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new DataFilesError(
      `The table ${shown(path)} cannot be read: ${cause.message}.`,
      "Every line needs the same number of cells. Put a cell with the delimiter or a line break into quotes.",
      { cause },
    );
  }
  const [columns = [], ...rows] = records;
  const twice = columns.filter((name, i) => columns.indexOf(name) < i);
  if (twice.length > 0)
    throw problemsError(
      `The table ${shown(path)} has columns of the same name.`,
      twice.map((name) => `${shown(name)} occurs twice. Rename one of them.`),
    );
  return { columns, rows: rows.map((row) => row.map((cell) => (MISSING.has(cell) ? undefined : cell))) };
}

function objects(text: string, path: string): Table {
  const columns: string[] = [];
  const records: Map<string, string | undefined>[] = [];
  const problems: string[] = [];
  text.split("\n").forEach((line, i) => {
    if (line.trim() === "") return;
    const record = objectOf(line);
    if (typeof record === "string") problems.push(`Line ${i + 1}: ${record}`);
    else records.push(record);
    if (typeof record !== "string") for (const name of record.keys()) if (!columns.includes(name)) columns.push(name);
  });
  if (problems.length > 0) throw problemsError(`The table ${shown(path)} cannot be read.`, problems);
  return { columns, rows: records.map((record) => columns.map((name) => record.get(name))) };
}

/** Returns the cells of a line, or the reason why it holds no row. */
function objectOf(line: string): Map<string, string | undefined> | string {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (cause) {
    return `it is not JSON: ${(cause as Error).message}`;
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) return "it is not a JSON object.";
  const nested = Object.entries(json).find(([, value]) => typeof value === "object" && value !== null);
  if (nested) return `${shown(nested[0])} is not a number or a text. Give each number a column of its own.`;
  return new Map(
    Object.entries(json).map(([name, value]) => {
      const cell = value === null ? "" : String(value);
      return [name, MISSING.has(cell) ? undefined : cell];
    }),
  );
}
