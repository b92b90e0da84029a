import { UsageError } from "../terminal/errors.ts";
import { printableName } from "../terminal/printable.ts";

/**
 * Compares the classes of the data with those of a tuned model.
 *
 * @returns the names of the new classes, in the order of the data. Empty if the data have the same classes.
 * @throws UsageError if either names no classes, or if an old class has no data
 */
export function newClasses(
  old: readonly string[] | undefined,
  found: readonly string[] | undefined,
): { readonly old: readonly string[]; readonly added: readonly string[] } {
  if (!old)
    throw new UsageError(
      "The tuned model does not name its classes.",
      "`graft run` stores them if the recipe's data source is a folder with one subfolder for each class, or a table.",
    );
  if (!found)
    throw new UsageError(
      "The data source of the recipe names no classes.",
      'graft add-class needs one that does: "images", "sounds" or "table" with a target column of texts.',
    );
  const missing = old.filter((name) => !found.includes(name));
  if (missing.length > 0)
    throw new UsageError(
      `The data have no examples of ${missing.length === 1 ? "the class" : "the classes"} ${missing.map(printableName).join(", ")}, which the tuned model knows.`,
      "Put some of their examples back. Without them the model would forget these classes.",
    );
  return { old, added: found.filter((name) => !old.includes(name)) };
}
