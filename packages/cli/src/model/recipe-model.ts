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
import { projectPackage } from "../plugins/project-package.ts";
import type { HeadSection, RunSection } from "../recipe/run-section.ts";
import { UsageError } from "../terminal/errors.ts";

/** A recipe's model, of either kind. */
export interface RecipeModel {
  /** What is tuned. */
  readonly tunable: TunableModel;
  /** What is saved. */
  readonly savable: SavableLayersModel | GraphModelLike;
  /** What selectors choose from. */
  readonly params: readonly Param[];
  /** Set where it is a LayersModel. */
  readonly layers: LayersModel | undefined;
  dispose(): void;
}

/** As much of a recipe as says which model it is. */
export interface ModelSource {
  readonly folder: string;
  readonly run: Pick<RunSection, "model" | "head" | "outputs" | "seed">;
}

/** The model a recipe names, under its new head or up to the outputs that the recipe asks for. @throws UsageError */
export async function readModel({ folder, run }: ModelSource): Promise<RecipeModel> {
  const path = resolve(folder, run.model);
  if (await isGraph(path)) return readGraph(path, folder, run);
  if (run.outputs)
    throw new UsageError(`${path} is a LayersModel.`, "`run.outputs` names nodes of a GraphModel: leave it out.");
  const base = await loadLayersModel(folderReader(dirname(path)), basename(path)).catch(notLoaded(path));
  const model = run.head ? withHead(base, run.head, run.seed ?? 0) : base;
  return {
    ...{ tunable: model, savable: model, layers: model },
    params: namedParams(model, { frozen: true }),
    dispose: () => void model.dispose(),
  };
}

/** Whatever cannot be read is left to the loader, which says why. */
async function isGraph(path: string): Promise<boolean> {
  const json = await readFile(path, "utf8")
    .then(JSON.parse, () => undefined)
    .catch(() => undefined);
  const { format, modelTopology } = Object(json) as { format?: unknown; modelTopology?: object };
  return format === "graph-model" || "node" in Object(modelTopology);
}

interface Converter {
  loadGraphModel(handler: tf.io.IOHandler): Promise<GraphModelLike & { dispose(): void }>;
}

async function readGraph(path: string, folder: string, { head, outputs }: ModelSource["run"]): Promise<RecipeModel> {
  if (head) throw new UsageError(`${path} is a GraphModel.`, "`run.head` goes on a LayersModel: leave it out.");
  const artifacts = await readModelArtifacts(folderReader(dirname(path)), basename(path)).catch(notLoaded(path));
  const { loadGraphModel } = await projectPackage<Converter>("@tensorflow/tfjs-converter", folder);
  const model = await loadGraphModel({ load: async () => artifacts });
  const adapter = graphModelAdapter(model, outputs ? { outputs } : {});
  return {
    ...{ tunable: adapter, savable: model, layers: undefined, params: adapter.weights },
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
