import type { Recipe } from "@graftjs/registry";

/** Keys of `run` that may change when a run resumes, and those that the run's own options are compared by. */
const FREE: ReadonlySet<string> = new Set([
  "epochs",
  "maxSteps",
  "statsEvery",
  "prefetch",
  "output",
  "cache",
  "guard",
  "unfreeze",
]);

/** Returns the part of a recipe that must be the same when a run resumes: not its length, its observers and its places. */
export function resumable({ $schema: _schema, observers: _observers, run, ...recipe }: Recipe): unknown {
  const fixed = Object.entries((run ?? {}) as object).filter(([key]) => !FREE.has(key));
  return { ...recipe, run: Object.fromEntries(fixed) };
}
