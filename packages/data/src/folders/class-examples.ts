import type { OptionSchema } from "@graftjs/core";
import type { InputReader, InputReaderUse } from "@graftjs/tuner";
import { problemsError, shown } from "../data-files-error.ts";
import { importInstalled } from "../import-installed.ts";
import { type ClassFile, classFolders } from "./class-folders.ts";
import { inModelOrder } from "./class-order.ts";
import type { Examples } from "./examples.ts";
import { type Column, type LabelForm, labelColumn } from "./labels.ts";
import { readInParallel } from "./read-in-parallel.ts";
import { assertShare, stratifiedSplit } from "./split.ts";

/** Files by class as examples, ready for `fineTune`. */
export interface ClassExamples {
  readonly data: Examples;
  /** Undefined if `validation` is 0. */
  readonly validation?: Examples;
  /** Names of the classes, in the order of the labels. */
  readonly classes: readonly string[];
  /** Number of examples of each class, both parts together. */
  readonly counts: readonly number[];
  /** The files of the training examples and of the validation examples, in order, by their path within the folder. */
  readonly files: { readonly train: readonly string[]; readonly validation: readonly string[] };
  /** Files that could not be used, with the reason. Empty unless `corrupt` is "skip". */
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
  /** Makes inputs from other files in the same way. */
  readonly reader: InputReaderUse;
}

/** Options of every function that reads a folder with one subfolder for each class. */
export interface ReadClassesOptions {
  /** Share of each class's examples that validate and are not trained on, from 0 to below 1. @default 0 */
  readonly validation?: number;
  /** Seed of the choice of the validation examples. @default 0 */
  readonly seed?: number;
  /** Treatment of files that cannot be decoded: `refuse` throws an error that names all of them, `skip` leaves them out. @default "refuse" */
  readonly corrupt?: "refuse" | "skip";
  /** Form of the labels. `index` is for sparse losses, `binary` for two classes and a model with one output. @default "one-hot" */
  readonly labels?: LabelForm;
  /** Order of the classes, if they have exactly these names. @default sorted by name */
  readonly classOrder?: readonly string[] | undefined;
  /** Imports a decoder. @default `import(name)` */
  readonly importPackage?: <T>(name: string) => Promise<T>;
}

/** Kind of the files, for messages: "picture" and "pictures". */
export interface FileWords {
  readonly one: string;
  readonly many: string;
}

/** The options that the data sources of folders have in common. */
export function classFolderProperties({ many }: FileWords): {
  readonly path: OptionSchema;
  readonly validation: OptionSchema & { readonly default: number };
  readonly seed: OptionSchema & { readonly default: number };
  readonly corrupt: OptionSchema & { readonly default: "refuse" };
} {
  return {
    path: { type: "string", description: "Folder with one subfolder for each class, relative to the recipe" },
    validation: {
      type: "number",
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0,
      description: `Share of each class's ${many} that validate and are not trained on`,
    },
    seed: { type: "integer", minimum: 0, default: 0, description: `Seed of the choice of the validation ${many}` },
    corrupt: {
      enum: ["refuse", "skip"],
      default: "refuse",
      description: `Whether ${many} that cannot be decoded are an error or are left out`,
    },
  };
}

/** More numbers than this are refused: they would need 8 GB. */
const MOST_VALUES = 2e9;

/**
 * Reads the files of a folder that has one subfolder for each class. The classes are sorted by name, or have the order of `classOrder`.
 *
 * @param use the reader by name, with all its options, to store with the model.
 * @throws DataFilesError if the folder, a class or a file cannot be used. It names all files at once.
 * @throws OptionsError if an option is out of range
 */
export async function readClassExamples(
  folder: string,
  reader: InputReader,
  use: InputReaderUse,
  options: ReadClassesOptions,
  words: FileWords,
): Promise<ClassExamples> {
  const { validation = 0, seed = 0, corrupt = "refuse", labels = "one-hot", importPackage = importInstalled } = options;
  assertShare(validation);
  const found = await classFolders(folder, reader.extensions);
  const classes = inModelOrder(found.classes, options.classOrder);
  const files = found.files.map((file) => ({ ...file, label: classes.indexOf(found.classes[file.label] as string) }));
  if (classes.length < 2)
    throw problemsError(`${shown(folder)} has one class only.`, [
      `Add a folder with the ${words.many} of another class.`,
    ]);
  assertFits(files.length, reader.shape, words);
  const { read, skipped } = await readAll(files, reader, importPackage);
  if (skipped.length > 0 && corrupt !== "skip") {
    throw problemsError(`${skipped.length} of ${files.length} ${words.many} in ${shown(folder)} cannot be used.`, [
      ...skipped.map(({ file, reason }) => `${shown(file)}: ${reason}`),
      'Repair or remove them, or set "corrupt": "skip".',
    ]);
  }
  const counts = classes.map((_, label) => read.filter(({ file }) => file.label === label).length);
  const empty = classes.filter((_, label) => counts[label] === 0);
  if (empty.length > 0)
    throw problemsError(
      `No ${words.one} of some classes can be used.`,
      empty.map((name) => `The class ${shown(name)} has only ${words.many} that cannot be decoded.`),
    );
  const labelOf = ({ file }: ReadFile): number => file.label;
  const split = stratifiedSplit(read.map(labelOf), classes, validation, seed);
  const examples = (positions: readonly number[]): Examples => {
    const rows = positions.map((i) => read[i] as ReadFile);
    return { xs: joined(rows, reader.shape), ys: labelColumn(rows.map(labelOf), classes.length, labels) };
  };
  const names = (positions: readonly number[]): string[] => positions.map((i) => (read[i] as ReadFile).file.name);
  return {
    data: examples(split.train),
    ...(split.validation.length > 0 ? { validation: examples(split.validation) } : {}),
    ...{ classes, counts, skipped, reader: use },
    files: { train: names(split.train), validation: names(split.validation) },
  };
}

/** Describes the examples in lines for the person who runs the recipe. */
export function notesOf({ classes, counts, files, skipped }: ClassExamples, { many }: FileWords): readonly string[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const parts = classes.map((name, label) => `${name} ${counts[label]}`).join(", ");
  const validates = files.validation.length > 0 ? `, ${files.validation.length} of them for validation` : "";
  return [
    `${total} ${many} in ${classes.length} classes${validates}: ${parts}`,
    ...skipped.map(({ file, reason }) => `Skipped ${shown(file)}: ${reason}`),
  ];
}

interface ReadFile {
  readonly file: ClassFile;
  readonly values: Float32Array;
}

async function readAll(
  files: readonly ClassFile[],
  reader: InputReader,
  importPackage: <T>(name: string) => Promise<T>,
): Promise<{ read: readonly ReadFile[]; skipped: ClassExamples["skipped"] }> {
  const results = await readInParallel(
    files.map(({ path }) => path),
    (path) => reader.read(path, importPackage),
  );
  const read: ReadFile[] = [];
  const skipped: { file: string; reason: string }[] = [];
  results.forEach((result, i) => {
    const file = files[i] as ClassFile;
    if (typeof result === "string") skipped.push({ file: file.name, reason: result });
    else read.push({ file, values: result });
  });
  return { read, skipped };
}

function joined(rows: readonly ReadFile[], shape: readonly number[]): Column {
  const size = shape.reduce((product, side) => product * side, 1);
  const values = new Float32Array(rows.length * size);
  rows.forEach((row, i) => {
    values.set(row.values, i * size);
  });
  return { values, shape: [rows.length, ...shape] };
}

function assertFits(count: number, shape: readonly number[], { many }: FileWords): void {
  const values = shape.reduce((product, side) => product * side, count);
  if (values <= MOST_VALUES) return;
  throw problemsError(`${count} ${many} of ${shape.join("×")} need ${(values * 4e-9).toFixed(1)} GB of memory.`, [
    `Use fewer or smaller ${many}, or give fineTune a stream: { stream, examples, buffer }.`,
  ]);
}
