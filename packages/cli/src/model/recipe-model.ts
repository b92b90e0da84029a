import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { GraftError, namedParams, type Param } from "@graftjs/core";
import {
  folderReader,
  type GraphModelLike,
  graphModelAdapter,
  LoadError,
  loadLayersModel,
  type ReplaceHeadOptions,
  readModelArtifacts,
  replaceHead,
  type SavableLayersModel,
  type TunableModel,
} from "@graftjs/tuner";
import type * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { projectPackage } from "../project/project-package.ts";
import type { RunSection } from "../recipe/run-section.ts";
import { UsageError } from "../terminal/errors.ts";

/** The model of a recipe, a LayersModel or a GraphModel. */
export interface RecipeModel {
  /** The model as `fineTune` takes it. */
  readonly tunable: TunableModel;
  /** The model as `saveModel` takes it. */
  readonly savable: SavableLayersModel | GraphModelLike;
  /** The parameters that selectors choose from. */
  readonly params: readonly Param[];
  /** Undefined for a GraphModel. */
  readonly layers: LayersModel | undefined;
  dispose(): void;
}

/** The part of a recipe that determines the model. */
export interface ModelSource {
  /** Folder that the model's path is relative to. */
  readonly folder: string;
  readonly run: Pick<RunSection, "model" | "head" | "outputs" | "seed">;
}

/**
 * Loads a recipe's model. A LayersModel gets the recipe's new head; a GraphModel is cut at the recipe's `outputs`.
 *
 * @throws UsageError if the model cannot be loaded, or `head` or `outputs` do not fit it
 */
export async function readModel({ folder, run }: ModelSource): Promise<RecipeModel> {
  const path = resolve(folder, run.model);
  return (await isGraphModel(path)) ? readGraphModel(path, folder, run) : readLayersModel(path, run);
}

/** Returns false also for a file that cannot be read. The loader then says why. */
async function isGraphModel(path: string): Promise<boolean> {
  const json = await readFile(path, "utf8")
    .then(JSON.parse)
    .catch(() => undefined);
  const { format, modelTopology } = Object(json) as { format?: unknown; modelTopology?: object };
  return format === "graph-model" || "node" in Object(modelTopology);
}

async function readLayersModel(path: string, { head, outputs, seed }: ModelSource["run"]): Promise<RecipeModel> {
  if (outputs)
    throw new UsageError(
      `${path} is a LayersModel, which has no \`run.outputs\`.`,
      "`run.outputs` names nodes of a GraphModel. Remove it.",
    );
  const base = await loadLayersModel(folderReader(dirname(path)), basename(path)).catch(notLoaded(path));
  const model = head ? withHead(base, { ...head, ...(seed === undefined ? {} : { seed }) }) : base;
  return {
    tunable: model,
    savable: model,
    layers: model,
    params: namedParams(model, { frozen: true }),
    dispose: () => void model.dispose(),
  };
}

/** The part of `@tensorflow/tfjs-converter` that is used. It is an optional package of the user's project. */
interface Converter {
  loadGraphModel(handler: tf.io.IOHandler): Promise<GraphModelLike & { dispose(): void }>;
}

async function readGraphModel(
  path: string,
  folder: string,
  { head, outputs }: ModelSource["run"],
): Promise<RecipeModel> {
  if (head)
    throw new UsageError(
      `${path} is a GraphModel, which takes no \`run.head\`.`,
      "`run.head` replaces the last layers of a LayersModel. Remove it.",
    );
  const artifacts = await readModelArtifacts(folderReader(dirname(path)), basename(path)).catch(notLoaded(path));
  const { loadGraphModel } = await projectPackage<Converter>("@tensorflow/tfjs-converter", folder);
  const model = await loadGraphModel({ load: async () => artifacts });
  const adapter = graphModelAdapter(model, outputs ? { outputs } : {});
  return {
    tunable: adapter,
    savable: model,
    layers: undefined,
    params: adapter.weights,
    dispose() {
      adapter.release();
      model.dispose();
    },
  };
}

function notLoaded(path: string): (cause: unknown) => never {
  return (cause) => {
    if (!(cause instanceof LoadError)) throw cause;
    throw new UsageError(`The model ${path} cannot be loaded.`, unindented(cause), { cause });
  };
}

/** Any activation of tfjs may stand in a recipe, so its name is a string here. */
type Head = Omit<ReplaceHeadOptions, "activation"> & { readonly activation?: string };

function withHead(model: LayersModel, head: Head): LayersModel {
  try {
    return replaceHead(model, head as ReplaceHeadOptions);
  } catch (cause) {
    if (!(cause instanceof GraftError)) throw cause;
    throw new UsageError("The recipe's `run.head` does not fit the model.", unindented(cause), { cause });
  }
}

/** Returns an error's message and hint for use as the hint of another error, which indents every line again. */
function unindented({ message }: GraftError): string {
  return message.replaceAll("\n  ", "\n");
}
