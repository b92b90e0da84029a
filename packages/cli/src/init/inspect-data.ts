import { statSync } from "node:fs";
import { didYouMean } from "@graftjs/core";
import { classFolders, describeTable, soundSeconds } from "@graftjs/data";
import { UsageError } from "../terminal/errors.ts";
import { printableName } from "../terminal/printable.ts";
import type { TableProject } from "./table.ts";

/** Checks that the data of a new project exist. @throws UsageError */
export function assertPlace(path: string, given: string, kind: "folder" | "file"): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (kind === "folder" ? found?.isDirectory() : found?.isFile()) return;
  throw new UsageError(`${given} is not a ${kind}.`, `Give the ${kind} of your data. It leads to ${path}.`);
}

/**
 * Checks that a folder has files of two classes or more.
 *
 * @param extensions endings of the files.
 * @throws UsageError, or DataFilesError that names each class without files
 */
export async function assertClasses(folder: string, extensions: readonly string[]): Promise<void> {
  const { classes } = await classFolders(folder, extensions);
  if (classes.length > 1) return;
  throw new UsageError(
    `${folder} has one class only: ${printableName(classes[0] ?? "")}.`,
    "A model tells classes from each other. Add a subfolder with files of another class.",
  );
}

/** The shortest and the longest sound of a new project, in seconds. */
const [SHORTEST, LONGEST] = [0.2, 10];

/** Chooses the length of sounds so that nine of ten fit, in tenths of seconds up to ten seconds. */
export async function lengthOf(folder: string): Promise<number> {
  const lengths = await soundSeconds(folder);
  const enough = lengths[Math.floor(0.9 * lengths.length)] ?? 1;
  return Math.min(LONGEST, Math.max(SHORTEST, Math.ceil(10 * enough) / 10));
}

/** The columns of a table for a new project. */
export type TableChoice = Pick<TableProject, "target" | "columns" | "isNumber"> & {
  /** Columns that cannot be inputs, with the reason. */
  readonly leftOut: readonly string[];
};

/**
 * Chooses the columns of a table.
 *
 * @param target column to predict. @default the last column
 * @throws UsageError if the column does not exist, or if no column is left to predict from
 */
export async function columnsOf(path: string, target: string | undefined): Promise<TableChoice> {
  const all = await describeTable(path);
  const names = all.map(({ name }) => name);
  const chosen = target === undefined ? all.at(-1) : all.find(({ name }) => name === target);
  if (!chosen)
    throw new UsageError(
      `The table has no column ${printableName(String(target))}.`,
      didYouMean(String(target), names),
    );
  const others = all.filter(({ name }) => name !== chosen.name);
  const usable = others.filter((column) => column.usable).map(({ name }) => name);
  if (usable.length === 0)
    throw new UsageError(
      `No column is left to predict ${printableName(chosen.name)} from.`,
      "A column needs numbers, or at most 100 different texts.",
    );
  return {
    target: chosen.name,
    columns: usable.length === others.length ? undefined : usable,
    isNumber: chosen.type === "number",
    leftOut: others
      .filter((column) => !column.usable)
      .map(
        ({ name, different }) =>
          `${printableName(name)} (${different === 0 ? "empty" : `${different} different texts`})`,
      ),
  };
}

/**
 * Chooses the columns of a table with texts.
 *
 * @param column of the texts. @default the column with the most different texts
 * @param target column of the classes. @default the last other column
 * @throws UsageError if a column does not exist, or if no column has texts
 */
export async function textColumnsOf(
  path: string,
  column: string | undefined,
  target: string | undefined,
): Promise<{ column: string; target: string }> {
  const all = await describeTable(path);
  const names = all.map(({ name }) => name);
  for (const given of [column, target])
    if (given !== undefined && !names.includes(given))
      throw new UsageError(`The table has no column ${printableName(given)}.`, didYouMean(given, names));
  const others = all.filter(({ name }) => name !== target);
  const [first, ...rest] = others.filter(({ type }) => type === "text");
  const texts = column ?? (first && rest.reduce((a, b) => (b.different > a.different ? b : a), first).name);
  const classes = target ?? names.findLast((name) => name !== texts);
  if (texts === undefined || classes === undefined || texts === classes)
    throw new UsageError(
      "The table needs one column of texts and another one of classes.",
      "Name them: --column <texts> --target <classes>.",
    );
  return { column: texts, target: classes };
}
