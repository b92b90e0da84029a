import { GraftError } from "@graftjs/core";

/** An adapter cannot be read from files of HF PEFT, or written to them. The message lists all problems. */
export class PeftError extends GraftError {}

/** Throws one error with all `problems`, if there are any. */
export function throwIfAny(problems: readonly string[], message: string, hint: string): void {
  if (problems.length > 0) throw new PeftError(message, [...problems, hint].join("\n"));
}
