import { namedParams, type Param } from "@graftjs/core";
import { adaptModel } from "../adapt-model.ts";
import { type ModelSource, sourceOf } from "../load/model-source.ts";
import type { ReadFile } from "../load/load-folder.ts";
import { LoadError } from "../../files/load-error.ts";
import { graphModelFormat } from "./graph-model.ts";
import { kerasFormat, kerasH5Format, layersModelFormat } from "./layers-model.ts";
import type { LoadedModel, ModelFile, ModelFormat } from "./model-format.ts";

export interface LoadModelOptions {
  /**
   * The format, or the formats to choose from: the first one that matches the file is used.
   * @default every format of this package that needs no options: layers-model, graph-model, keras, keras-h5
   */
  readonly format?: ModelFormat | readonly ModelFormat[];
  /** Names of the nodes that the loss reads. Only for a GraphModel. @default the model's outputs */
  readonly outputs?: readonly string[];
  /** Imports the optional packages `h5wasm`, `fflate` and `@tensorflow/tfjs-converter`. @default `import(name)` */
  readonly importPackage?: <T>(name: string) => Promise<T>;
}

/** A loaded model, with the parameters that selectors choose from. */
export interface ReadModel extends LoadedModel {
  readonly params: readonly Param[];
  /** Name of the format. */
  readonly format: string;
}

/**
 * Loads a model from a file of any format: `model.json` of a LayersModel or a GraphModel, `.keras`, `.h5`, and the formats
 * that plugins add.
 *
 * @param source a path (in Node), an address (`https:`), or a reader and the file's name.
 * @throws LoadError that names the file and the problem. No tensors are left over then.
 */
export async function loadModel(
  source: string | ModelSource,
  { format = builtInFormats(), outputs, importPackage = importInstalled }: LoadModelOptions = {},
): Promise<ReadModel> {
  const { read, file } = sourceOf(source);
  let content: Promise<Uint8Array> | undefined;
  const modelFile: ModelFile = {
    name: file,
    read,
    importPackage,
    outputs,
    bytes() {
      content ??= bytesOf(read, file);
      return content;
    },
  };
  const chosen = "load" in format ? format : await matching(format, modelFile);
  const loaded = await chosen.load(modelFile);
  const { layers, tunable } = loaded;
  const params = layers ? namedParams(layers, { frozen: true }) : adaptModel(tunable).weights;
  return { ...loaded, params, format: chosen.name };
}

function builtInFormats(): readonly ModelFormat[] {
  return [graphModelFormat(), layersModelFormat(), kerasFormat(), kerasH5Format()];
}

async function matching(formats: readonly ModelFormat[], file: ModelFile): Promise<ModelFormat> {
  for (const format of formats) if (await format.matches?.(file)) return format;
  // A file that cannot be read has no known format either, and the reason is worth more.
  await file.bytes();
  const weights = file.name.endsWith(".safetensors");
  throw new LoadError(
    weights ? `${file.name} holds weights without a model.` : `${file.name} is of no format that can be read.`,
    weights
      ? 'Name the model that the weights belong to: safetensorsFormat({ model: "model.json" }).'
      : `These formats can be read: ${formats.map(({ name }) => name).join(", ")}.`,
  );
}

async function bytesOf(read: ReadFile, file: string): Promise<Uint8Array> {
  try {
    return await read(file);
  } catch (cause) {
    if (cause instanceof LoadError) throw cause;
    throw new LoadError(`Cannot read ${file}: ${(cause as Error).message}.`, "Check the path.", { cause });
  }
}

async function importInstalled<T>(name: string): Promise<T> {
  try {
    return (await import(/* @vite-ignore */ name)) as T;
  } catch (cause) {
    throw new LoadError(
      `The package ${name} cannot be loaded.`,
      `npm install ${name.replace(/(?<!^@[^/]*)\/.*$/, "")}`,
      {
        cause,
      },
    );
  }
}
