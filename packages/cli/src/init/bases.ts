import { nearestNames } from "@graftjs/core";
import { isAddress } from "../project/download.ts";
import { UsageError } from "../terminal/errors.ts";
import type { DataKind } from "./answers.ts";

/** Base models that a project can start from, each with what it is good for. The first one is the default. */
export const BASES: Readonly<Record<DataKind, Readonly<Record<string, string>>>> = {
  pictures: {
    "mobilenet-v2": "pretrained, 96 × 96 pixels",
    "mobilenet-v2-224": "pretrained, 224 × 224 pixels: finer details, about five times the time",
    fresh: "a small network that has learned nothing yet",
  },
  sounds: { fresh: "a small network that has learned nothing yet" },
  texts: { fresh: "a small network that has learned nothing yet" },
  table: { fresh: "a small network that has learned nothing yet" },
};

/** Tells whether `--base` is one of the names above, and not a path or an address. */
export function isNamedBase(kind: DataKind, given: string): boolean {
  return Object.hasOwn(BASES[kind], given);
}

/** Writes the question for the base. */
export function baseQuestion(kind: DataKind): string {
  const lines = Object.entries(BASES[kind]).map(
    ([name, about], i) => `  ${name}: ${about}${i === 0 ? " (default)" : ""}`,
  );
  return `Base model:\n${lines.join("\n")}\n  or the path or address of a model.json of your own\nBase model: `;
}

/**
 * Refuses a base that is neither a name, an address nor a file.
 *
 * @param isFile tells whether the base is the path of a file.
 * @throws UsageError with similar names
 */
export function assertBase(kind: DataKind, given: string, isFile: boolean): void {
  if (isFile || isAddress(given) || isNamedBase(kind, given)) return;
  const names = Object.keys(BASES[kind]);
  const [near] = nearestNames(given, names);
  throw new UsageError(
    `--base ${given} is neither a file nor one of ${names.join(", ")}.`,
    near ? `Did you mean --base ${near}?` : "Give the path or the address of a model.json, or one of these names.",
  );
}
