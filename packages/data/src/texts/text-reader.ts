import { extname } from "node:path";
import { OptionsError, type OptionsSchema, optionsSchema } from "@graftjs/core";
import type { InputReader } from "@graftjs/tuner";
import { DataFilesError, shown } from "../data-files-error.ts";
import { readLimited } from "../folders/read-limited.ts";
import { readTableFile, TABLE_EXTENSIONS } from "../tables/table-file.ts";
import { type TokenizerFiles, tokenEncoder } from "./tokenizer.ts";
import { type Encode, wordEncoder } from "./words.ts";

/** How a text becomes numbers. Give a vocabulary or a tokenizer. */
export interface TextOptions {
  /** Number of words or tokens of each text. */
  readonly length: number;
  /** The known words. The first one has the number 2. 0 is padding, and 1 is every other word. */
  readonly vocabulary?: readonly string[];
  /** A tokenizer, which takes the place of a vocabulary. */
  readonly tokenizer?: TokenizerFiles;
  /** Column of the texts in tables. */
  readonly column?: string;
}

const text = { type: "string" } as const;

export const textOptions: OptionsSchema<TextOptions, never> = optionsSchema<TextOptions, never>(
  {
    length: { type: "integer", minimum: 1, description: "Number of words or tokens of each text" },
    vocabulary: { type: "array", items: text, description: "The known words. The first one has the number 2" },
    tokenizer: {
      type: "object",
      description:
        "Content of tokenizer.json and tokenizer_config.json: { json, config }. Needs @huggingface/tokenizers",
    },
    column: { ...text, description: "Column of the texts in tables" },
  },
  ["length"],
);

/** Makes the function that turns a text into numbers. @throws OptionsError unless there is either a vocabulary or a tokenizer */
export async function encoderOf(
  { length, vocabulary, tokenizer }: TextOptions,
  importPackage: <T>(name: string) => Promise<T>,
): Promise<Encode> {
  if ((vocabulary === undefined) === (tokenizer === undefined))
    throw new OptionsError("A text reader needs either `vocabulary` or `tokenizer`.", "Give one of them.");
  return tokenizer === undefined
    ? wordEncoder(vocabulary ?? [], length)
    : tokenEncoder(tokenizer, length, importPackage);
}

/** Makes a reader that turns a .txt file, or each row of a table with a column of texts, into an input of a model. */
export function textReader(options: TextOptions): InputReader {
  const parsed = textOptions.parse("textReader", options);
  const { length, column } = parsed;
  let encoder: Promise<Encode> | undefined;
  return {
    shape: [length],
    extensions: column === undefined ? [".txt"] : [".txt", ...TABLE_EXTENSIONS],
    async read(path, importPackage) {
      encoder ??= encoderOf(parsed, importPackage);
      const encode = await encoder;
      const rows = TABLE_EXTENSIONS.includes(extname(path).toLowerCase())
        ? await columnTexts(path, column)
        : [await readText(path)];
      const values = new Float32Array(rows.length * length);
      rows.forEach((row, i) => {
        values.set(encode(row), i * length);
      });
      return values;
    },
  };
}

/** Reads a text file. @throws DataFilesError if it cannot be read, is too large or is not UTF-8 */
export async function readText(path: string): Promise<string> {
  const bytes = await readLimited(path, (cause) => {
    throw new DataFilesError(`it cannot be read: ${cause.message}.`, "Check the path.", { cause });
  });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DataFilesError("it is not a text in UTF-8.", "Convert it to UTF-8.", { cause });
  }
}

async function columnTexts(path: string, name: string | undefined): Promise<readonly string[]> {
  const { columns, rows } = await readTableFile(path);
  const at = columns.indexOf(name ?? "");
  if (at < 0)
    throw new DataFilesError(
      `The table has no column ${shown(name ?? "")}.`,
      `It has ${columns.map(shown).join(", ")}. The model was trained on texts of this column, or on text files.`,
    );
  return rows.map((row) => row[at] ?? "");
}
