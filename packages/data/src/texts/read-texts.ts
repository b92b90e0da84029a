import { extname } from "node:path";
import { didYouMean, OptionsError } from "@graftjs/core";
import type { InputReaderUse } from "@graftjs/tuner";
import { problemsError, shown } from "../data-files-error.ts";
import { classFolders } from "../folders/class-folders.ts";
import { inModelOrder } from "../folders/class-order.ts";
import type { Examples } from "../folders/examples.ts";
import { type LabelForm, labelColumn } from "../folders/labels.ts";
import { readInParallel } from "../folders/read-in-parallel.ts";
import { assertShare, stratifiedSplit } from "../folders/split.ts";
import { importInstalled } from "../import-installed.ts";
import { readTableFile, TABLE_EXTENSIONS } from "../tables/table-file.ts";
import { encoderOf, readText, type TextOptions } from "./text-reader.ts";
import { readTokenizer, type TokenizerFiles } from "./tokenizer.ts";
import { numbersFor, vocabularyOf } from "./words.ts";

export interface ReadTextsOptions {
  /** Column of the texts, if the texts are in a table. */
  readonly column?: string;
  /** Column of the classes, if the texts are in a table. */
  readonly target?: string;
  /** Number of words or tokens of each text. @default 64 */
  readonly length?: number;
  /** Most words of the vocabulary, which are those of the training texts. @default 10000 */
  readonly words?: number;
  /** Known words. @default the most frequent ones of the training texts */
  readonly vocabulary?: readonly string[];
  /** Path of a tokenizer.json, or its content. It takes the place of a vocabulary and needs `@huggingface/tokenizers`. */
  readonly tokenizer?: string | TokenizerFiles;
  /** Share of each class's texts that validate and are not trained on, from 0 to below 1. @default 0 */
  readonly validation?: number;
  /** Seed of the choice of the validation texts. @default 0 */
  readonly seed?: number;
  /** Form of the labels. @default "one-hot" */
  readonly labels?: LabelForm;
  /** Order of the classes, if they have exactly these names. @default sorted by name */
  readonly classOrder?: readonly string[] | undefined;
  /** Imports the tokenizer. @default `import(name)` */
  readonly importPackage?: <T>(name: string) => Promise<T>;
}

/** Texts by class, ready for `fineTune`. */
export interface ClassTexts {
  readonly data: Examples;
  /** Undefined if `validation` is 0. */
  readonly validation?: Examples;
  /** Names of the classes, in the order of the labels. */
  readonly classes: readonly string[];
  /** Number of texts of each class. */
  readonly counts: readonly number[];
  /** `inputDim` that an Embedding layer needs. Undefined if a tokenizer was given. */
  readonly inputDim?: number;
  /** Makes inputs from other texts in the same way. */
  readonly reader: InputReaderUse;
}

/**
 * Reads texts and their classes: `.txt` files in a folder with one subfolder for each class, or two columns of a table.
 *
 * Without a tokenizer, a text becomes the numbers of its words: lower case, runs of letters or of digits. The vocabulary is made of the
 * training texts. 0 is padding, 1 is a word that is not in the vocabulary.
 *
 * @throws DataFilesError if a file, a class or a column cannot be used
 * @throws OptionsError if an option is out of range
 */
export async function readTexts(path: string, options: ReadTextsOptions = {}): Promise<ClassTexts> {
  const {
    length = 64,
    words = 10_000,
    column,
    tokenizer: given,
    validation = 0,
    seed = 0,
    labels = "one-hot",
  } = options;
  const { importPackage = importInstalled } = options;
  assertShare(validation);
  const { texts, names } = await labelledTexts(path, options);
  const classes = inModelOrder([...new Set(names)].sort(), options.classOrder);
  if (classes.length < 2) throw problemsError(`${shown(path)} has one class only.`, ["Add texts of another class."]);
  const numbers = names.map((name) => classes.indexOf(name));
  const split = stratifiedSplit(numbers, classes, validation, seed);
  const tokenizer = typeof given === "string" ? await readTokenizer(given) : given;
  const vocabulary = options.vocabulary ?? vocabularyOf(pick(texts, split.train), words);
  const stored: TextOptions = {
    length,
    ...(tokenizer === undefined ? { vocabulary } : { tokenizer }),
    ...(column === undefined ? {} : { column }),
  };
  const encode = await encoderOf(stored, importPackage);
  const examples = (rows: readonly number[]): Examples => {
    const values = new Int32Array(rows.length * length);
    rows.forEach((row, i) => {
      values.set(encode(texts[row] as string), i * length);
    });
    return {
      xs: { values, shape: [rows.length, length] },
      ys: labelColumn(pick(numbers, rows), classes.length, labels),
    };
  };
  return {
    data: examples(split.train),
    ...(split.validation.length > 0 ? { validation: examples(split.validation) } : {}),
    classes,
    counts: classes.map((_, label) => numbers.filter((number) => number === label).length),
    ...(tokenizer === undefined ? { inputDim: numbersFor(vocabulary.length) } : {}),
    reader: { use: "text", with: stored },
  };
}

/** Names the classes of texts, sorted by name. */
export async function textClasses(path: string, options: ReadTextsOptions): Promise<readonly string[]> {
  return [...new Set((await labelledTexts(path, options)).names)].sort();
}

interface LabelledTexts {
  readonly texts: readonly string[];
  /** Class of each text. */
  readonly names: readonly string[];
}

async function labelledTexts(path: string, { column, target }: ReadTextsOptions): Promise<LabelledTexts> {
  if (TABLE_EXTENSIONS.includes(extname(path).toLowerCase())) return fromTable(path, column, target);
  if (column !== undefined || target !== undefined)
    throw new OptionsError("`column` and `target` are for tables.", "Leave them out for a folder of .txt files.");
  const { classes, files } = await classFolders(path, [".txt"]);
  const paths = files.map((file) => file.path);
  const read = await readInParallel(paths, async (file) => ({ text: await readText(file) }));
  const problems = read.flatMap((result, i) =>
    typeof result === "string" ? `${shown(files[i]?.name ?? "")}: ${result}` : [],
  );
  if (problems.length > 0) throw problemsError(`${problems.length} texts in ${shown(path)} cannot be used.`, problems);
  return {
    texts: read.map((result) => (typeof result === "string" ? "" : result.text)),
    names: files.map(({ label }) => classes[label] as string),
  };
}

async function fromTable(path: string, column: string | undefined, target: string | undefined): Promise<LabelledTexts> {
  const { columns, rows } = await readTableFile(path);
  const positions = [column, target].map((name) => columns.indexOf(name ?? ""));
  const wrong = [column, target].filter((_, i) => (positions[i] as number) < 0);
  if (wrong.length > 0)
    throw new OptionsError(
      'Texts of a table need the columns of the texts and of their classes: "column" and "target".',
      wrong
        .map((name) =>
          name === undefined ? `The table has ${columns.map(shown).join(", ")}.` : didYouMean(name, columns),
        )
        .join("\n"),
    );
  const [texts, names] = positions.map((at) => rows.map((row) => row[at])) as [
    (string | undefined)[],
    (string | undefined)[],
  ];
  const lacking = rows.flatMap((_, i) => (texts[i] === undefined || names[i] === undefined ? [i + 1] : []));
  if (lacking.length > 0)
    throw problemsError(`${lacking.length} rows lack a text or a class.`, [
      `Remove the rows ${lacking.slice(0, 10).join(", ")}${lacking.length > 10 ? " and others" : ""}.`,
    ]);
  return { texts: texts as string[], names: names as string[] };
}

function pick<T>(items: readonly T[], positions: readonly number[]): readonly T[] {
  return positions.map((i) => items[i] as T);
}
