import { isAbsolute, resolve } from "node:path";
import { OptionsError } from "@graftjs/core";
import type { DataContext, DataPort, DataSource } from "@graftjs/tuner";
import { shown } from "../data-files-error.ts";
import { type ClassExamples, type FileWords, notesOf } from "./class-examples.ts";
import { classNames } from "./class-folders.ts";

/** The options that the data sources of folders have in common, as a recipe gives them. */
export interface ClassFolderOptions {
  /** Folder with one subfolder for each class, relative to the recipe. */
  readonly path: string;
  /** Share of each class's files that validate. @default 0 */
  readonly validation?: number;
  /** Seed of the choice of the validation files. @default 0 */
  readonly seed?: number;
  /** Whether a file that cannot be decoded is an error or is left out. @default "refuse" */
  readonly corrupt?: "refuse" | "skip";
}

/** The options of {@link ClassFolderOptions} with a default. */
export type ClassFolderDefaults = "validation" | "seed" | "corrupt";

/**
 * Makes a data source for a folder with one subfolder for each class.
 *
 * @param path of the folder, absolute or relative to the recipe.
 * @param read reads the folder, whose path is absolute, for the model of the context.
 */
export function classSource(
  path: string,
  words: FileWords,
  read: (folder: string, context: DataContext) => Promise<ClassExamples>,
): DataSource {
  const folderOf = (folder: string): string => (isAbsolute(path) ? path : resolve(folder, path));
  return {
    classes: (folder) => classNames(folderOf(folder)),
    async read(folder, context) {
      const examples = await read(folderOf(folder), context);
      const { data, validation, classes, reader } = examples;
      return { data, ...(validation ? { validation } : {}), classes, reader, notes: notesOf(examples, words) };
    },
  };
}

/** The input of a model that one file fills, and the beginning of messages about it. */
export interface OnlyInput {
  readonly input: DataPort;
  readonly takes: string;
}

/** Returns the input of a model with one input. @throws OptionsError if it has none or several */
export function onlyInput({ inputs }: DataContext, { many }: FileWords): OnlyInput {
  const [input] = inputs;
  if (!input || inputs.length > 1)
    throw new OptionsError(
      `The model has ${inputs.length} inputs, but a folder of ${many} fills one.`,
      "Use a model with one input, or a data module.",
    );
  const sides = input.shape.map((side) => side ?? "any").join(", ");
  return { input, takes: `The input ${shown(input.name)} of the model is [${sides}]` };
}
