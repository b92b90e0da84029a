import { UsageError } from "../terminal/errors.ts";

/** Returns the one positional argument of a command that takes a recipe. @throws UsageError for none or several */
export function recipePath(command: string, positionals: readonly string[]): string {
  const [path, ...more] = positionals;
  if (path !== undefined && more.length === 0) return path;
  throw new UsageError(
    `graft ${command} takes one recipe, but got ${positionals.length} arguments.`,
    `graft ${command} recipe.json`,
  );
}

/** Refuses positional arguments that a command does not take. @throws UsageError with the command's usage */
export function refuseStray(usage: string, stray: readonly string[]): void {
  if (stray.length > 0) throw new UsageError(`Unexpected argument \`${stray.join(" ")}\`.`, `Usage: ${usage}`);
}

const UNITS = ["b", "kb", "mb", "gb", "tb"];

/**
 * Reads a number of bytes, for example "1.5 GB" as 1.5e9. Units are powers of 1000, as in the output of `graft plan`. A bare
 * number is bytes.
 *
 * @param flag the option's name, for the error message. @throws UsageError if the text is not a number of bytes
 */
export function parseBytes(flag: string, text: string): number {
  const [, number, unit = "b"] = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?b)?\s*$/i.exec(text) ?? [];
  if (number === undefined)
    throw new UsageError(`${flag} is ${JSON.stringify(text)}.`, `Give a number of bytes, for example ${flag} 800MB.`);
  return Math.round(Number(number) * 1000 ** UNITS.indexOf(unit.toLowerCase()));
}

/**
 * Reads a number of things to show.
 *
 * @param flag the option's name, for the error message.
 * @param usual the number if the option was not given.
 * @throws UsageError if the text is not an integer ≥ 1
 */
export function countOf(flag: string, text: unknown, usual: number): number {
  const count = Number(text ?? usual);
  if (Number.isInteger(count) && count > 0) return count;
  throw new UsageError(`${flag} is ${JSON.stringify(text)}.`, `Give an integer ≥ 1: ${flag} ${usual}.`);
}
