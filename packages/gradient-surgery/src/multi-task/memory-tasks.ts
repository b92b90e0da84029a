import { didYouMean, formatNames, RecipeError } from "@graftjs/core";

/**
 * Returns the positions of the memory tasks in `tasks`.
 *
 * @throws RecipeError if a memory is missing in `tasks`, or if `tasks` has only memories.
 */
export function memoryTasks(name: string, memories: readonly string[], tasks: readonly string[]): readonly number[] {
  const missing = memories.filter((memory) => !tasks.includes(memory));
  if (missing.length > 0) {
    throw new RecipeError(
      `\`${name}\` has no loss for the memory task ${formatNames(missing)}.`,
      `Add a loss over remembered examples. ${didYouMean(missing[0] as string, tasks)}`,
    );
  }
  if (memories.length >= tasks.length) {
    throw new RecipeError(`\`${name}\` has only memory tasks and no new task.`, "Add the loss over new examples.");
  }
  return memories.map((memory) => tasks.indexOf(memory));
}
