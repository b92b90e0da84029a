import { isAbsolute, resolve } from "node:path";
import { OptionsError, type OptionsSchema, optionsSchema } from "@graftjs/core";
import type { DataContext, DataSource } from "@graftjs/tuner";
import { type ClassFolderDefaults, type ClassFolderOptions, onlyInput } from "../folders/class-source.ts";
import { classFolderProperties } from "../folders/class-examples.ts";
import { labelsOf } from "../folders/labels-of.ts";
import { type ReadTextsOptions, readTexts, textClasses } from "./read-texts.ts";
import type { TextOptions } from "./text-reader.ts";

/** Options of the data source `texts`. */
export interface TextsOptions
  extends Omit<ClassFolderOptions, "corrupt">,
    Pick<ReadTextsOptions, "column" | "target" | "length" | "words"> {
  /** Path of a tokenizer.json, relative to the recipe. @default words of the training texts */
  readonly tokenizer?: string;
}

const TEXTS = { one: "text", many: "texts" };
const text = { type: "string" } as const;
const { corrupt: _corrupt, ...shared } = classFolderProperties(TEXTS);

export const textsOptions: OptionsSchema<TextsOptions, Exclude<ClassFolderDefaults, "corrupt">> = optionsSchema<
  TextsOptions,
  Exclude<ClassFolderDefaults, "corrupt">
>(
  {
    ...shared,
    path: {
      ...text,
      description: "Folder of .txt files with one subfolder for each class, or a table, relative to the recipe",
    },
    column: { ...text, description: "Column of the texts in a table" },
    target: { ...text, description: "Column of the classes in a table" },
    length: {
      type: "integer",
      minimum: 1,
      description:
        "Number of words or tokens of each text. Default: as the model's input, else as stored with it, else 64",
    },
    words: {
      type: "integer",
      minimum: 1,
      description: "Most words of the vocabulary. Default: 10000. A tuned model keeps its vocabulary",
    },
    tokenizer: {
      ...text,
      description:
        "Path of a tokenizer.json, relative to the recipe. Needs @huggingface/tokenizers. Default: words of the texts",
    },
  },
  ["path"],
);

/** Makes the data source `texts`. */
export function textsSource({ path, tokenizer, ...options }: TextsOptions): DataSource {
  const at = (folder: string, given: string): string => (isAbsolute(given) ? given : resolve(folder, given));
  return {
    classes: (folder) => textClasses(at(folder, path), options),
    async read(folder, context) {
      const stored =
        context.reader?.use === "text" ? (context.reader.with as Partial<TextOptions> | undefined) : undefined;
      // Words of a tuned model keep their numbers.
      const known = tokenizer === undefined ? stored?.vocabulary : undefined;
      const made = await readTexts(at(folder, path), {
        ...options,
        length: lengthOf(context, options.length, stored?.length),
        ...(known ? { vocabulary: known } : {}),
        ...tokenizerOf(tokenizer === undefined ? undefined : at(folder, tokenizer), stored),
        labels: labelsOf(context),
        classOrder: context.classes,
        importPackage: context.importPackage,
      });
      const { data, validation, classes, counts, reader } = made;
      const total = counts.reduce((sum, count) => sum + count, 0);
      const held = validation ? `, ${validation.xs.shape[0]} of them for validation` : "";
      return {
        ...{ data, classes, reader },
        ...(validation ? { validation } : {}),
        notes: [
          `${total} texts in ${classes.length} classes${held}: ${classes.map((name, i) => `${name} ${counts[i]}`).join(", ")}`,
        ],
      };
    },
  };
}

/** A tokenizer of the recipe comes before the one that is stored with the model. */
function tokenizerOf(
  path: string | undefined,
  stored: Partial<TextOptions> | undefined,
): Pick<ReadTextsOptions, "tokenizer"> {
  const tokenizer = path ?? stored?.tokenizer;
  return tokenizer === undefined ? {} : { tokenizer };
}

function lengthOf(context: DataContext, given: number | undefined, stored: number | undefined): number {
  const { input, takes } = onlyInput(context, TEXTS);
  const [, length, ...more] = input.shape;
  if (input.shape.length !== 2 || more.length > 0)
    throw new OptionsError(`${takes}, which is not a text.`, "Texts need a model whose input is [batch, words].");
  if (typeof length !== "number") return given ?? stored ?? 64;
  if (given === undefined || given === length) return length;
  throw new OptionsError(`${takes}, but \`length\` is ${given}.`, "Leave `length` out: the model's own is used.");
}
