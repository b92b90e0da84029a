import { statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { GraftError, namedParams, type Param } from "@graftjs/core";
import type { Registry } from "@graftjs/registry";
import {
  folderReader,
  type GraphModelLike,
  graphModelAdapter,
  LoadError,
  loadModel,
  type ModelFormat,
  type ReadModel,
  type ReplaceHeadOptions,
  replaceGraphHead,
  replaceHead,
  type SavableLayersModel,
  type TunableModel,
} from "@graftjs/tuner";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { projectPackage } from "../project/project-package.ts";
import { LOOK, type Trust } from "../project/trust.ts";
import { loadRegistry } from "../recipe/load-plugins.ts";
import { modelPath } from "../recipe/model-path.ts";
import type { RunSection } from "../recipe/run-section.ts";
import { UsageError } from "../terminal/errors.ts";

/** The model of a recipe. */
export interface RecipeModel {
  /** The model as `fineTune` takes it. */
  readonly tunable: TunableModel;
  /** The model as `saveModel` takes it. Undefined if its format cannot be saved as a tfjs model. */
  readonly savable: SavableLayersModel | GraphModelLike | undefined;
  /** The parameters that selectors choose from. */
  readonly params: readonly Param[];
  /** Undefined if the model is not a LayersModel. */
  readonly layers: LayersModel | undefined;
  /** Name of the model's format. */
  readonly format: string;
  dispose(): void;
}

/** The part of a recipe that determines the model. */
export interface ModelSource {
  /** Folder that the model's path is relative to. */
  readonly folder: string;
  /** Packages whose plugins may hold model formats. */
  readonly recipe?: { readonly plugins?: readonly string[] };
  /** The code that the recipe may name. @default installed packages */
  readonly trust?: Trust;
  readonly run: Pick<RunSection, "model" | "head" | "outputs"> & { readonly seed?: number };
  /** Names of the classes of the data. A new head without `units` has one unit for each. */
  readonly classes?: readonly string[] | undefined;
}

/**
 * Loads a recipe's model. It gets the recipe's new head. A GraphModel without one is cut at the recipe's `outputs`.
 *
 * @throws UsageError if the model cannot be loaded, or `head` or `outputs` do not fit it
 */
export async function readModel({
  folder,
  recipe = {},
  run,
  trust = LOOK,
  classes,
}: ModelSource): Promise<RecipeModel> {
  const { head, outputs, model: given } = run;
  const path = resolve(folder, modelPath(given));
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(
      `The model ${path} is a folder.`,
      `Name its file: "model": ${JSON.stringify(`${modelPath(given).replace(/\/+$/, "")}/model.json`)}.`,
    );
  const registry = await registryOf(recipe.plugins ?? [], folder, trust);
  const loaded = await loadModel(
    { read: folderReader(dirname(path)), file: basename(path) },
    {
      format:
        typeof given === "string" ? await formatsOf(registry) : await registry.create("model-format", given.format),
      importPackage: (name) => projectPackage(name, folder),
      ...(outputs ? { outputs } : {}),
    },
  ).catch(notLoaded(path));
  const { layers } = loaded;
  if (!layers) {
    if (!head) return loaded;
    if (loaded.format === "graph-model" && !outputs)
      return withGraphHead(loaded, { units: classes?.length, ...head }, run.seed);
    loaded.dispose();
    if (outputs)
      throw new UsageError(
        "The recipe has both `run.head` and `run.outputs`.",
        'The new head is the only output. Remove `outputs`; to cut the graph, name the node: "head": { "after": "node" }.',
      );
    throw new UsageError(
      `${path} is a ${titleOf(loaded)}, which takes no \`run.head\`.`,
      "`run.head` replaces the end of a LayersModel or a GraphModel. Remove it.",
    );
  }
  if (outputs) {
    loaded.dispose();
    throw new UsageError(
      `${path} is a LayersModel, which has no \`run.outputs\`.`,
      "`run.outputs` names nodes of a GraphModel. Remove it.",
    );
  }
  return head ? withHead(layers, loaded.format, { units: classes?.length, ...head }, run.seed) : loaded;
}

/** A package that cannot be loaded is reported later, together with the recipe's other problems. */
export function registryOf(packages: readonly string[], folder: string, trust: Trust): Promise<Registry> {
  return loadRegistry(packages, folder, trust).catch((error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
    return loadRegistry([], folder);
  });
}

/** Makes every model format that needs no options. The formats of the recipe's packages come before Graft's own. */
async function formatsOf(registry: Registry): Promise<readonly ModelFormat[]> {
  const formats = registry.list("model-format").map(({ name }) =>
    registry.create("model-format", name).then(
      (format) => [format],
      () => [],
    ),
  );
  return (await Promise.all(formats)).flat().reverse();
}

/** Returns the words that errors and listings use for a model that is not a LayersModel. */
export function titleOf({ format }: Pick<ReadModel, "format">): string {
  return format === "graph-model" ? "GraphModel" : `model of format ${format}`;
}

function notLoaded(path: string): (cause: unknown) => never {
  return (cause) => {
    if (!(cause instanceof LoadError)) throw cause;
    throw new UsageError(`The model ${path} cannot be loaded.`, unindented(cause), { cause });
  };
}

/** Any activation of tfjs may stand in a recipe, so its name is a string here. */
type Head = Omit<ReplaceHeadOptions, "activation" | "units"> & {
  readonly activation?: string;
  readonly units: number | undefined;
};

function withHead(base: LayersModel, format: string, head: Head, seed: number | undefined): RecipeModel {
  try {
    const layers = replaceHead(base, headOptions(head, seed));
    const params = namedParams(layers, { frozen: true });
    return { tunable: layers, savable: layers, layers, params, format, dispose: () => void layers.dispose() };
  } catch (cause) {
    throw unfit(base, cause);
  }
}

async function withGraphHead(loaded: ReadModel, head: Head, seed: number | undefined): Promise<RecipeModel> {
  try {
    const model = await replaceGraphHead(
      loaded.savable as GraphModelLike & { dispose(): void },
      headOptions(head, seed),
    );
    loaded.dispose();
    const tunable = graphModelAdapter(model);
    const { format, layers } = loaded;
    const dispose = (): void => {
      tunable.release();
      model.dispose();
    };
    return { tunable, savable: model, layers, params: tunable.weights, format, dispose };
  } catch (cause) {
    throw unfit(loaded, cause);
  }
}

function headOptions(head: Head, seed: number | undefined): ReplaceHeadOptions {
  if (head.units === undefined)
    throw new UsageError(
      "The recipe's `run.head` has no `units`, and the data source names no classes.",
      'Give the number of classes: "head": { "units": 5 }.',
    );
  return { ...head, ...(seed === undefined ? {} : { seed }) } as ReplaceHeadOptions;
}

/** Frees the base, and returns the error to throw. */
function unfit(base: { dispose(): unknown }, cause: unknown): unknown {
  base.dispose();
  if (!(cause instanceof GraftError) || cause instanceof UsageError) return cause;
  return new UsageError("The recipe's `run.head` does not fit the model.", unindented(cause), { cause });
}

/** Returns an error's message and hint for use as the hint of another error, which indents every line again. */
function unindented({ message }: GraftError): string {
  return message.replaceAll("\n  ", "\n");
}
