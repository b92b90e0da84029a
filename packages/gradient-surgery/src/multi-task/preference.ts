import { formatNames, type OptionSchema, RecipeError } from "@graftjs/core";

/** Weight of each task, by name, ≥ 0. */
export type TaskPreference = { readonly [task: string]: number };

/** Schema of {@link TaskPreference}. */
export const preferenceOption: OptionSchema = {
  type: "object",
  additionalProperties: { type: "number", minimum: 0 },
  description: "Weight of each task, by name. Default: all are equal",
};

/**
 * Returns the preference as a vector in the order of `tasks`, with sum 1. Without a preference all entries are equal.
 *
 * @throws RecipeError if the preference does not name exactly the tasks, or is 0 for all.
 */
export function preferenceVector(
  name: string,
  preference: TaskPreference | undefined,
  tasks: readonly string[],
): Float64Array {
  if (!preference) return new Float64Array(tasks.length).fill(1 / tasks.length);
  const missing = tasks.filter((task) => preference[task] === undefined);
  const extra = Object.keys(preference).filter((task) => !tasks.includes(task));
  if (missing.length + extra.length > 0) {
    throw new RecipeError(
      `\`preference\` of \`${name}\` does not fit the tasks ${formatNames(tasks)}.`,
      `Missing: ${formatNames(missing)}. Not a task: ${formatNames(extra)}.`,
    );
  }
  const sum = tasks.reduce((total, task) => total + (preference[task] as number), 0);
  if (!(sum > 0))
    throw new RecipeError(
      `\`preference\` of \`${name}\` is 0 for every task.`,
      "Give at least one task a positive number.",
    );
  return Float64Array.from(tasks, (task) => (preference[task] as number) / sum);
}
