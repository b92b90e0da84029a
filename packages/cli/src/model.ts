import { basename, dirname, resolve } from "node:path";
import { GraftError } from "@graftjs/core";
import { folderReader, LoadError, loadLayersModel, type ReplaceHeadOptions, replaceHead } from "@graftjs/tuner";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { RecipeFile } from "./recipe-file.ts";
import type { HeadSection } from "./run-section.ts";
import { UsageError } from "./usage-error.ts";

/** The model a recipe names, under its new head where the recipe asks for one. @throws UsageError */
export async function readModel({ folder, run }: Pick<RecipeFile, "folder" | "run">): Promise<LayersModel> {
  const path = resolve(folder, run.model);
  const model = await loadLayersModel(folderReader(dirname(path)), basename(path)).catch((cause: Error) => {
    throw cause instanceof LoadError
      ? new UsageError(`The model ${path} cannot be loaded.`, unindented(cause), { cause })
      : new UsageError(
          `The model ${path} cannot be built: ${cause.message}`,
          "Is it a LayersModel, saved by tfjs-layers or converted from Keras?",
          { cause },
        );
  });
  return run.head ? withHead(model, run.head, run.seed ?? 0) : model;
}

function withHead(model: LayersModel, { activation = "softmax", ...head }: HeadSection, seed: number): LayersModel {
  try {
    return replaceHead(model, { ...head, activation: activation as ReplaceHeadOptions["activation"] & string, seed });
  } catch (cause) {
    if (!(cause instanceof GraftError)) throw cause;
    throw new UsageError("The recipe's `run.head` does not fit the model.", unindented(cause), { cause });
  }
}

/** An error's message and hint as the hint of another, which indents it once more. */
function unindented({ message }: GraftError): string {
  return message.replaceAll("\n  ", "\n");
}
