import { isNumeric, MOST_CATEGORIES } from "./encoding.ts";
import { readTableFile } from "./table-file.ts";

/** A column of a table, as its cells show it. */
export interface ColumnSummary {
  readonly name: string;
  /** A number if every cell that is not missing is one. */
  readonly type: "number" | "text";
  /** Number of different cells. */
  readonly different: number;
  /** Number of missing cells. */
  readonly missing: number;
  /** Whether `readTable` takes it as an input: it has a value, and a text is one of at most 100. */
  readonly usable: boolean;
}

/**
 * Reads the columns of a table without its examples.
 *
 * @param delimiter between the cells of a `.csv` file. @default ","
 * @throws DataFilesError if the file cannot be read or is not a table
 */
export async function describeTable(path: string, delimiter?: string): Promise<readonly ColumnSummary[]> {
  const { columns, rows } = await readTableFile(path, delimiter);
  return columns.map((name, i) => {
    const given = rows.flatMap((row) => row[i] ?? []);
    const different = new Set(given).size;
    const type = isNumeric(given) ? "number" : "text";
    const usable = given.length > 0 && (type === "number" || different <= MOST_CATEGORIES);
    return { name, type, different, missing: rows.length - given.length, usable };
  });
}
