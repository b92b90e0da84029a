import { UsageError } from "../terminal/usage-error.ts";

/** The one positional argument of commands that take a recipe. */
export function recipePath(command: string, positionals: readonly string[]): string {
  const [path, ...more] = positionals;
  if (path !== undefined && more.length === 0) return path;
  throw new UsageError(
    `graft ${command} takes one recipe, and got ${positionals.length}.`,
    `graft ${command} recipe.json`,
  );
}
