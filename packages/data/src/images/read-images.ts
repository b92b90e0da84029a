import { OptionsError } from "@graftjs/core";
import type { InputReader, InputReaderUse } from "@graftjs/tuner";
import { problemsError, shown } from "../data-files-error.ts";
import { type ClassFile, classFolders } from "../folders/class-folders.ts";
import type { Examples } from "../folders/examples.ts";
import { type Column, type LabelForm, labelColumn } from "../folders/labels.ts";
import { readInParallel } from "../folders/read-in-parallel.ts";
import { stratifiedSplit } from "../folders/split.ts";
import { importInstalled } from "../import-installed.ts";
import { type ImageOptions, imageOptions } from "./image-options.ts";
import { EXTENSIONS, imageReader } from "./image-reader.ts";

/** Pictures by class, ready for `fineTune`. */
export interface ClassImages {
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
  /** Makes inputs from other pictures in the same way. */
  readonly reader: InputReaderUse;
}

export interface ReadImagesOptions extends ImageOptions {
  /** Share of each class's examples that validate and are not trained on, from 0 to below 1. @default 0 */
  readonly validation?: number;
  /** Seed of the choice of the validation examples. @default 0 */
  readonly seed?: number;
  /** Treatment of files that cannot be decoded: `refuse` throws an error that names all of them, `skip` leaves them out. @default "refuse" */
  readonly corrupt?: "refuse" | "skip";
  /** Form of the labels. `index` is for sparse losses, `binary` for two classes and a model with one output. @default "one-hot" */
  readonly labels?: LabelForm;
  /** Imports the decoder, the package `sharp`. @default `import(name)` */
  readonly importPackage?: <T>(name: string) => Promise<T>;
}

/** More numbers than this are refused: they would need 8 GB. */
const MOST_VALUES = 2e9;

/**
 * Reads pictures from a folder that has one subfolder for each class. The classes are sorted by name.
 *
 * @throws DataFilesError if the folder, a class or a file cannot be used. It names all files at once.
 * @throws OptionsError if an option is out of range
 */
export async function readImages(folder: string, options: ReadImagesOptions): Promise<ClassImages> {
  const { validation = 0, seed = 0, corrupt = "refuse", labels = "one-hot", importPackage, ...image } = options;
  if (!(validation >= 0 && validation < 1))
    throw new OptionsError(`\`validation\` is ${validation}.`, "Give a share from 0 to below 1: 0.2.");
  const reader = imageReader(image);
  const { classes, files } = await classFolders(folder, EXTENSIONS);
  if (classes.length < 2)
    throw problemsError(`${shown(folder)} has one class only.`, ["Add a folder with the pictures of another class."]);
  assertFits(files.length, reader.shape);
  const { read, skipped } = await readAll(files, reader, importPackage ?? importInstalled);
  if (skipped.length > 0 && corrupt !== "skip") {
    throw problemsError(`${skipped.length} of ${files.length} pictures in ${shown(folder)} cannot be used.`, [
      ...skipped.map(({ file, reason }) => `${shown(file)}: ${reason}`),
      'Repair or remove them, or set "corrupt": "skip".',
    ]);
  }
  const counts = classes.map((_, label) => read.filter(({ file }) => file.label === label).length);
  const empty = classes.filter((_, label) => counts[label] === 0);
  if (empty.length > 0)
    throw problemsError(
      "No picture of some classes can be used.",
      empty.map((name) => `The class ${shown(name)} has only pictures that cannot be decoded.`),
    );
  const split = stratifiedSplit(
    read.map(({ file }) => file.label),
    classes,
    validation,
    seed,
  );
  const examples = (positions: readonly number[]): Examples => {
    const rows = positions.map((i) => read[i] as ReadFile);
    return {
      xs: joined(rows, reader.shape),
      ys: labelColumn(
        rows.map(({ file }) => file.label),
        classes.length,
        labels,
      ),
    };
  };
  const names = (positions: readonly number[]): string[] => positions.map((i) => (read[i] as ReadFile).file.name);
  return {
    data: examples(split.train),
    ...(split.validation.length > 0 ? { validation: examples(split.validation) } : {}),
    classes,
    counts,
    files: { train: names(split.train), validation: names(split.validation) },
    skipped,
    reader: { use: "image", with: withUsual(image) },
  };
}

/** Completes the options, so that a stored reader does not depend on later defaults. */
function withUsual(options: ImageOptions): ImageOptions {
  return imageOptions.parse("readImages", options);
}

interface ReadFile {
  readonly file: ClassFile;
  readonly values: Float32Array;
}

async function readAll(
  files: readonly ClassFile[],
  reader: InputReader,
  importPackage: <T>(name: string) => Promise<T>,
): Promise<{ read: readonly ReadFile[]; skipped: ClassImages["skipped"] }> {
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

function assertFits(count: number, shape: readonly number[]): void {
  const values = shape.reduce((product, side) => product * side, count);
  if (values <= MOST_VALUES) return;
  throw problemsError(`${count} pictures of ${shape.join("×")} need ${(values * 4e-9).toFixed(1)} GB of memory.`, [
    "Use fewer or smaller pictures, or give fineTune a stream: { stream, examples, buffer }.",
  ]);
}
