import { didYouMean } from "@graftjs/core";
import { type ClassFile, classFolders } from "@graftjs/data";
import type { TunedModel } from "../predict/tuned-model.ts";
import { UsageError } from "../terminal/errors.ts";
import { printableName } from "../terminal/printable.ts";

/**
 * Lists the files of a folder with one subfolder for each class. A label is the position of the class among the model's classes.
 *
 * @throws UsageError if the model names no classes, or a subfolder is not named after one of them
 */
export async function labelledFiles(
  { card: { classes } }: TunedModel,
  folder: string,
  extensions: readonly string[],
): Promise<{ classes: readonly string[]; files: readonly ClassFile[] }> {
  if (!classes)
    throw new UsageError(
      "The model does not name its classes.",
      "`graft run` stores them if the recipe's data source is a folder with one subfolder for each class.",
    );
  const found = await classFolders(folder, extensions);
  const unknown = found.classes.filter((name) => !classes.includes(name));
  if (unknown.length > 0)
    throw new UsageError(
      `The model does not know ${unknown.length === 1 ? "this class" : "these classes"}: ${unknown.map(printableName).join(", ")}.`,
      unknown.map((name) => didYouMean(name, classes)).join("\n"),
    );
  const files = found.files.map((file) => ({ ...file, label: classes.indexOf(found.classes[file.label] as string) }));
  return { classes, files };
}
