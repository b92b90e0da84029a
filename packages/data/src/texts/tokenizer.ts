import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DataFilesError, shown } from "../data-files-error.ts";
import type { Encode } from "./words.ts";

interface Tokenizer {
  encode(text: string): { readonly ids: readonly number[] };
}

/** The files of a tokenizer, as JSON. They are stored with a tuned model, so that it needs no other files. */
export interface TokenizerFiles {
  /** Content of `tokenizer.json`. */
  readonly json: object;
  /** Content of `tokenizer_config.json`. @default {} */
  readonly config?: object;
}

/**
 * Reads a tokenizer.
 *
 * @param path of a `tokenizer.json`. A `tokenizer_config.json` beside it is read, too.
 * @throws DataFilesError if a file cannot be read
 */
export async function readTokenizer(path: string): Promise<TokenizerFiles> {
  return { json: await jsonOf(path, false), config: await jsonOf(join(dirname(path), "tokenizer_config.json"), true) };
}

/**
 * Makes a function that turns a text into the numbers of its tokens, with the package `@huggingface/tokenizers`. Longer texts are cut,
 * and keep the last token, which ends a text. Shorter ones are padded at the end with the tokenizer's own padding, else with 0.
 *
 * @throws DataFilesError if the package is not installed or the tokenizer cannot be used
 */
export async function tokenEncoder(
  { json, config = {} }: TokenizerFiles,
  length: number,
  importPackage: <T>(name: string) => Promise<T>,
): Promise<Encode> {
  const { Tokenizer: Made } = await importPackage<{ Tokenizer: new (json: object, config: object) => Tokenizer }>(
    "@huggingface/tokenizers",
  );
  let tokenizer: Tokenizer;
  try {
    tokenizer = new Made(json, config);
  } catch (cause) {
    throw new DataFilesError(
      `The tokenizer cannot be used: ${(cause as Error).message}`,
      "Give the tokenizer.json of a model.",
      { cause },
    );
  }
  const padding = paddingOf(json);
  return (text) => {
    const { ids } = tokenizer.encode(text);
    const cut = ids.length > length ? [...ids.slice(0, length - 1), ids.at(-1) as number] : ids;
    const row = new Float32Array(length).fill(padding);
    row.set(cut);
    return row;
  };
}

/** Returns the number of the token that pads texts. */
function paddingOf(json: object): number {
  const { padding, added_tokens: added } = json as {
    readonly padding?: { readonly pad_id?: unknown } | null;
    readonly added_tokens?: readonly { readonly content?: unknown; readonly id?: unknown }[];
  };
  if (typeof padding?.pad_id === "number") return padding.pad_id;
  const token = Array.isArray(added)
    ? added.find(({ content }) => content === "[PAD]" || content === "<pad>")
    : undefined;
  return typeof token?.id === "number" ? token.id : 0;
}

async function jsonOf(path: string, optional: boolean): Promise<object> {
  try {
    const json: unknown = JSON.parse(await readFile(path, "utf8"));
    if (typeof json === "object" && json !== null) return json;
  } catch (cause) {
    if (optional && (cause as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new DataFilesError(
      `The tokenizer ${shown(path)} cannot be read: ${(cause as Error).message}`,
      "Check the path.",
      {
        cause,
      },
    );
  }
  throw new DataFilesError(`The tokenizer ${shown(path)} is not a JSON object.`, "Give the tokenizer.json of a model.");
}
