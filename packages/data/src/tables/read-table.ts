import { didYouMean, OptionsError } from "@graftjs/core";
import type { InputReaderUse } from "@graftjs/tuner";
import { problemsError, shown } from "../data-files-error.ts";
import type { Examples } from "../folders/examples.ts";
import { type Column, type LabelForm, labelColumn } from "../folders/labels.ts";
import { inModelOrder } from "../folders/class-order.ts";
import { assertShare, type Split, stratifiedSplit } from "../folders/split.ts";
import { type ColumnEncoding, encodedWidth, encodeRows, isNumeric, learnEncoding } from "./encoding.ts";
import { readTableFile, type Table } from "./table-file.ts";

export interface ReadTableOptions {
  /** Column to predict. A column of texts gives classes, a column of numbers gives numbers. */
  readonly target: string;
  /** Columns to predict from. @default all but the target */
  readonly columns?: readonly string[];
  /** Whether numbers in the target column are classes. @default false: numbers are predicted as numbers */
  readonly classify?: boolean;
  /** Share of the rows that validate and are not trained on, from 0 to below 1; of classes, a share of each. @default 0 */
  readonly validation?: number;
  /** Seed of the choice of the validation rows. @default 0 */
  readonly seed?: number;
  /** Treatment of missing cells: `refuse` throws an error, `impute` takes the mean of numbers and no category of texts. @default "refuse" */
  readonly missing?: "refuse" | "impute";
  /** Between the cells of a `.csv` file. @default "," */
  readonly delimiter?: string;
  /** Known encoding of the columns. It takes the place of `columns` and of what the training rows would say. */
  readonly encoding?: readonly ColumnEncoding[];
  /** Form of the labels of classes. @default "one-hot" */
  readonly labels?: LabelForm;
  /** Order of the classes, if they have exactly these names. @default sorted by name */
  readonly classOrder?: readonly string[] | undefined;
}

/** The rows of a table, ready for `fineTune`. */
export interface TableExamples {
  readonly data: Examples;
  /** Undefined if `validation` is 0. */
  readonly validation?: Examples;
  /** Names of the classes, sorted. Undefined if the target is a number. */
  readonly classes?: readonly string[];
  /** The encoding of each column. */
  readonly encoding: readonly ColumnEncoding[];
  /** Number of values of each input. */
  readonly width: number;
  /** Makes inputs from other tables in the same way. */
  readonly reader: InputReaderUse;
}

/**
 * Reads examples from a table. Numbers are standardized by mean and standard deviation of the training rows; texts become one-hot.
 *
 * @param path of a `.csv`, `.tsv`, `.jsonl` or `.ndjson` file whose first line, or whose keys, name the columns.
 * @throws DataFilesError if the file, a column or a cell cannot be used
 * @throws OptionsError if a column does not exist or an option is out of range
 */
export async function readTable(path: string, options: ReadTableOptions): Promise<TableExamples> {
  const { target, validation = 0, seed = 0, missing = "refuse", delimiter, labels = "one-hot" } = options;
  assertShare(validation);
  const table = await readTableFile(path, delimiter);
  const names =
    options.encoding?.map(({ name }) => name) ?? options.columns ?? table.columns.filter((name) => name !== target);
  assertColumns(table, [target, ...names]);
  const targets = targetsOf(table, target);
  const found = classesAmong(targets, options.classify);
  const classes = found && inModelOrder(found, options.classOrder);
  const numbers = targets.map((cell) => (classes ? classes.indexOf(cell) : Number(cell)));
  const split = classes
    ? stratifiedSplit(numbers, classes, validation, seed)
    : stratifiedSplit(new Uint8Array(numbers.length), [target], validation, seed);
  const encoding = options.encoding ?? learnEncoding(table, names, split.train, missing === "impute");
  const width = encodedWidth(encoding);
  const examples = (rows: Split["train"]): Examples => {
    const own = rows.map((row) => numbers[row] as number);
    const ys: Column = classes
      ? labelColumn(own, classes.length, labels)
      : { values: Float32Array.from(own), shape: [own.length, 1] };
    return { xs: { values: encodeRows(table, encoding, rows), shape: [rows.length, width] }, ys };
  };
  return {
    data: examples(split.train),
    ...(split.validation.length > 0 ? { validation: examples(split.validation) } : {}),
    ...(classes ? { classes } : {}),
    ...{ encoding, width },
    reader: { use: "table-rows", with: { columns: encoding, ...(delimiter === undefined ? {} : { delimiter }) } },
  };
}

/** Names the classes of a table's target column. Returns undefined if the target is a number. */
export async function tableClasses(
  path: string,
  { target, classify, delimiter }: Pick<ReadTableOptions, "target" | "classify" | "delimiter">,
): Promise<readonly string[] | undefined> {
  const table = await readTableFile(path, delimiter);
  assertColumns(table, [target]);
  return classesAmong(targetsOf(table, target), classify);
}

function classesAmong(targets: readonly string[], classify: boolean | undefined): readonly string[] | undefined {
  return classify || !isNumeric(targets) ? [...new Set(targets)].sort() : undefined;
}

function assertColumns({ columns }: Table, wanted: readonly string[]): void {
  const unknown = wanted.filter((name) => !columns.includes(name));
  if (unknown.length === 0) return;
  throw new OptionsError(
    `The table has no column ${unknown.map(shown).join(", ")}.`,
    unknown.map((name) => didYouMean(name, columns)).join("\n"),
  );
}

function targetsOf({ columns, rows }: Table, target: string): readonly string[] {
  const column = columns.indexOf(target);
  const lacking = rows.flatMap((row, i) => (row[column] === undefined ? [i + 1] : []));
  if (lacking.length > 0)
    throw problemsError(`${lacking.length} rows have no value in the target column ${shown(target)}.`, [
      `Remove the rows ${lacking.slice(0, 10).join(", ")}${lacking.length > 10 ? " and others" : ""}.`,
    ]);
  return rows.map((row) => row[column] as string);
}
