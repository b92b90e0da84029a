import { relative } from "node:path";
import { FileError, saveModel } from "@graftjs/tuner";
import { RunError, UsageError } from "../terminal/errors.ts";
import type { ResultPlace } from "./result-place.ts";
import type { Session } from "./session.ts";

/** Checks before a run that its whole model can be saved, if that was asked for. @throws UsageError */
export function assertSavable({ savable }: Pick<Session, "savable">, { model }: ResultPlace): void {
  if (model === undefined || savable) return;
  throw new UsageError(
    "A model of this format cannot be saved as a model of tfjs.",
    'Save the delta only: "output": "delta.safetensors" in the recipe\'s "run", or --out delta.safetensors.',
  );
}

/**
 * Saves the tuned model as `model.json` and a file of weights, with the names of the classes.
 *
 * @throws RunError if a file cannot be written. The delta has been saved before.
 */
export async function saveWhole(
  { savable, card, file }: Pick<Session, "savable" | "card" | "file">,
  { delta, model }: ResultPlace & { readonly model: string },
): Promise<void> {
  try {
    if (savable) await saveModel(savable, model, { card });
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new RunError(
      new FileError(
        `${error.message.split("\n")[0]}\n  The delta was saved to ${delta}.`,
        `Make space, then: graft merge '${file.path}' '${delta}' --out folder`,
      ),
    );
  }
}

/** Tells the person how to use the saved model. Empty if only the delta was saved. @param cwd the folder that the person works in */
export function modelLine({ model }: ResultPlace, cwd: string): string {
  if (model === undefined) return "";
  const short = relative(cwd, model);
  const shown = short === "" || short.startsWith("..") ? model : short;
  return `Saved the tuned model to ${model}. Try it: graft predict ${/^[\w./-]+$/.test(shown) ? shown : `'${shown}'`} <file>\n`;
}
