import { RecipeError } from "@graftjs/core";
import type { Collective } from "./collective.ts";

/** Errors that every rank knows of. */
const known = new WeakSet<object>();

/** Tells whether an error needs not be reported to the other ranks, because all of them threw. */
export function isKnownToAll(error: unknown): boolean {
  return typeof error === "object" && error !== null && known.has(error);
}

/** Marks an error that every rank throws at the same place. Returns the error. */
export function knownToAll<T extends object>(error: T): T {
  known.add(error);
  return error;
}

/**
 * Runs `work` on every rank. If it throws on one of them, it throws on all.
 *
 * @param undo called with the result of a rank whose work succeeded, if another rank's failed.
 * @throws this rank's error, or a RecipeError with the message of the first rank that failed.
 */
export async function together<T>(
  collective: Collective | undefined,
  work: () => Promise<T>,
  undo: (result: T) => void = () => {},
): Promise<T> {
  if (!collective || collective.size === 1) return work();
  const outcome = await work().then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  const own = "error" in outcome ? firstLine(outcome.error) : "";
  const messages = gatherTexts(collective, own);
  if ("error" in outcome) {
    if (typeof outcome.error === "object" && outcome.error !== null) knownToAll(outcome.error);
    throw outcome.error;
  }
  const failed = messages.findIndex((message) => message !== "");
  if (failed < 0) return outcome.result;
  undo(outcome.result);
  throw knownToAll(
    new RecipeError(
      `Rank ${failed} cannot take part in the run: ${messages[failed]}`,
      "No step was taken. Give every rank the same recipe, data and files.",
    ),
  );
}

/** Returns the texts of all ranks. */
export function gatherTexts(collective: Collective, text: string): string[] {
  return collective.gather(new TextEncoder().encode(text)).map((bytes) => new TextDecoder().decode(bytes));
}

/** Returns an error's message without its stack, and without its hint. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n")[0] || "an error without a message";
}
