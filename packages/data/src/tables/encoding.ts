import { DataFilesError, problemsError, shown } from "../data-files-error.ts";
import type { Table } from "./table-file.ts";

/** How the cells of one column become numbers. */
export interface ColumnEncoding {
  readonly name: string;
  /** A number becomes `(number − mean) / std`. */
  readonly mean?: number;
  readonly std?: number;
  /** A text becomes a row of zeros with a one at its position. */
  readonly categories?: readonly string[];
  /** Whether a missing cell becomes zeros: the mean of a number, no category of a text. @default false: it is an error */
  readonly impute?: boolean;
}

/** A text column with more different texts is a name or a number of rows, not a category. */
export const MOST_CATEGORIES = 100;

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Tells whether every cell that is not missing is a number. */
export function isNumeric(cells: readonly (string | undefined)[]): boolean {
  const given = cells.filter((cell) => cell !== undefined);
  return given.length > 0 && given.every((cell) => NUMBER.test(cell));
}

/**
 * Learns the encoding of each column: mean and standard deviation of numbers in the training rows, the different texts in all rows.
 *
 * @param rows positions of the training rows.
 * @throws DataFilesError with every column that cannot be encoded
 */
export function learnEncoding(
  table: Table,
  names: readonly string[],
  rows: readonly number[],
  impute: boolean,
): readonly ColumnEncoding[] {
  const problems: string[] = [];
  const encodings = names.map((name): ColumnEncoding => {
    const column = table.columns.indexOf(name);
    const all = table.rows.map((row) => row[column]);
    const cells = rows.map((row) => all[row]);
    const filled = impute ? { impute } : {};
    const given = cells.filter((cell) => cell !== undefined);
    if (given.length === 0) problems.push(`The column ${shown(name)} has no value in the training rows.`);
    // All rows decide the type and the categories, so that a rare text among the validation rows is not an error.
    if (isNumeric(all)) return { name, ...moments(given.map(Number)), ...filled };
    const categories = [...new Set(all.filter((cell) => cell !== undefined))].sort();
    if (categories.length > MOST_CATEGORIES)
      problems.push(`The column ${shown(name)} has ${categories.length} different texts, as a name has. Leave it out.`);
    return { name, categories, ...filled };
  });
  if (problems.length > 0)
    throw problemsError("The table cannot be used.", [...problems, 'Choose the columns with "columns": [...].']);
  return encodings;
}

/** Returns mean and standard deviation (with n in the denominator). A column of equal numbers has 1 as its deviation. */
function moments(numbers: readonly number[]): { mean: number; std: number } {
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const variance = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / numbers.length;
  return { mean, std: Math.sqrt(variance) || 1 };
}

/** Returns the number of values that a row becomes. */
export function encodedWidth(encodings: readonly ColumnEncoding[]): number {
  return encodings.reduce((width, { categories }) => width + (categories?.length ?? 1), 0);
}

/**
 * Encodes rows, one after another.
 *
 * @param rows positions of the rows. @default all rows
 * @throws DataFilesError with every column that is not in the table and every cell that cannot be encoded
 */
export function encodeRows(
  table: Table,
  encodings: readonly ColumnEncoding[],
  rows: readonly number[] = table.rows.map((_, i) => i),
): Float32Array {
  const lacking = encodings.filter(({ name }) => !table.columns.includes(name)).map(({ name }) => shown(name));
  if (lacking.length > 0)
    throw new DataFilesError(
      `The table has no column ${lacking.join(", ")}.`,
      `It has ${table.columns.map(shown).join(", ")}.`,
    );
  const width = encodedWidth(encodings);
  const values = new Float32Array(rows.length * width);
  const problems: string[] = [];
  let offset = 0;
  for (const encoding of encodings) {
    const column = table.columns.indexOf(encoding.name);
    rows.forEach((row, i) => {
      const problem = encodeCell(table.rows[row]?.[column], encoding, values, i * width + offset);
      if (problem) problems.push(`Row ${row + 1}, column ${shown(encoding.name)}: ${problem}`);
    });
    offset += encoding.categories?.length ?? 1;
  }
  if (problems.length > 0)
    throw problemsError("Some cells of the table cannot be used.", [
      ...problems,
      'Complete the table, or set "missing": "impute".',
    ]);
  return values;
}

/** Writes the values of a cell at `at`. Returns the problem if there is one. */
function encodeCell(
  cell: string | undefined,
  { mean = 0, std = 1, categories, impute }: ColumnEncoding,
  values: Float32Array,
  at: number,
): string | undefined {
  if (cell === undefined) return impute ? undefined : "the value is missing.";
  if (categories) {
    const position = categories.indexOf(cell);
    if (position >= 0) values[at + position] = 1;
    return position >= 0 || impute ? undefined : `${shown(cell)} is not among the texts that were trained on.`;
  }
  if (!NUMBER.test(cell)) return `${shown(cell)} is not a number.`;
  values[at] = (Number(cell) - mean) / std;
  return undefined;
}
