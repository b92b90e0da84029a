import type { RunResult } from "./run-folder.ts";

/** A run and the name that a table shows for it. */
export interface NamedRun {
  readonly name: string;
  readonly result: RunResult;
}

/**
 * Makes a table of runs: one row per run, with its best epoch, the values of that epoch, and each entry of the recipes in which the runs
 * differ. The best epoch has the smallest `val_loss`, or the smallest `loss` without validation.
 *
 * @returns the header and the rows.
 */
export function compareRuns(runs: readonly NamedRun[]): readonly (readonly string[])[] {
  const keys = [...new Set(runs.flatMap(({ result }) => Object.keys(result.history)))].filter((key) => key !== "epoch");
  const recipes = runs.map(({ result }) => leaves(result.recipe));
  const paths = [...new Set(recipes.flatMap((recipe) => [...recipe.keys()]))];
  const differing = paths.filter((path) => new Set(recipes.map((recipe) => recipe.get(path))).size > 1);
  const rows = runs.map(({ name, result }, i) => {
    const best = bestEpoch(result);
    const seconds = result.seconds.reduce((sum, value) => sum + value, 0);
    return [
      name,
      `${best + 1}/${result.seconds.length}`,
      ...keys.map((key) => shown(result.history[key]?.[best])),
      String(result.steps),
      `${seconds.toFixed(1)} s`,
      ...differing.map((path) => recipes[i]?.get(path) ?? "–"),
    ];
  });
  return [["run", "best", ...keys, "steps", "time", ...differing], ...rows];
}

/** Returns the index of the epoch with the smallest loss. Losses that are not finite are text, and never the best. */
export function bestEpoch({ history }: RunResult): number {
  const losses = history.val_loss ?? history.loss ?? [];
  let best = 0;
  for (let i = 1; i < losses.length; i++)
    if (Number(losses[i]) < Number(losses[best]) || !Number.isFinite(Number(losses[best]))) best = i;
  return best;
}

/** Maps the path of each value in a recipe to the value as text: `learningRate` → `0.1`, `run.epochs` → `5`. */
function leaves(value: unknown, path = "", found: Map<string, string> = new Map()): Map<string, string> {
  if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value))
      leaves(inner, Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`, found);
  } else found.set(path, typeof value === "string" ? value : JSON.stringify(value));
  return found;
}

function shown(value: number | undefined): string {
  return value === undefined ? "–" : typeof value === "number" ? value.toPrecision(4) : String(value);
}
