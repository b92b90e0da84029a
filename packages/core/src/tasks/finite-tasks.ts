import { formatNames, NonFiniteError } from "../errors.ts";

/**
 * Checks one number per task that is finite exactly if the task's gradient is.
 *
 * @param at begins the message, for example "`nash-mtl`: " or "In `head`: ".
 * @throws NonFiniteError that names each task whose number is NaN or infinite.
 */
export function assertFiniteTasks(tasks: readonly string[], numbers: ArrayLike<number>, at = ""): void {
  const wrong = tasks.filter((_, i) => !Number.isFinite(numbers[i]));
  if (wrong.length === 0) return;
  throw new NonFiniteError(
    `${at}The gradient of task ${formatNames(wrong)} is not finite.`,
    "The weights did not change. Check that task's loss and data.",
  );
}
