import { didYouMean, formatNames, RecipeError } from "@graftjs/core";

/**
 * Positions of the memory tasks among `tasks`.
 *
 * @throws RecipeError if one of them is missing, or if no other task is given.
 */
export function memoryTasks(name: string, memories: readonly string[], tasks: readonly string[]): readonly number[] {
  const missing = memories.filter((memory) => !tasks.includes(memory));
  if (missing.length > 0) {
    throw new RecipeError(
      `\`${name}\` has no loss for its memory ${formatNames(missing)}.`,
      `Give it one, over remembered examples. ${didYouMean(missing[0] as string, tasks)}`,
    );
  }
  if (memories.length >= tasks.length) {
    throw new RecipeError(`\`${name}\` has only memories, and nothing to learn.`, "Add the loss over new examples.");
  }
  return memories.map((memory) => tasks.indexOf(memory));
}
