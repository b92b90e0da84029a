import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { TunableModel } from "../adapt-model.ts";
import type { GraphModelLike } from "../graph/graph-model.ts";
import type { ReadFile } from "../load/load-folder.ts";
import type { SavableLayersModel } from "../save/save-model.ts";

/** A model's file, and the means to load the model. */
export interface ModelFile {
  /** Name of the file in its folder, e.g. `model.json`. */
  readonly name: string;
  /** Reads the file itself. The bytes are read once and kept. @throws LoadError if the file cannot be read. */
  bytes(): Promise<Uint8Array>;
  /** Reads another file of the same folder. */
  readonly read: ReadFile;
  /** Imports an optional package, e.g. `h5wasm`. @throws LoadError with the command that installs it. */
  importPackage<T>(name: string): Promise<T>;
  /** Names of the nodes that the loss reads, if the caller chose them. Only a GraphModel has them. */
  readonly outputs: readonly string[] | undefined;
}

/** A model as its format loaded it. */
export interface LoadedModel {
  /** The model as `fineTune` takes it. */
  readonly tunable: TunableModel;
  /** The model as `saveModel` takes it. Undefined if the format cannot be saved as a tfjs model. */
  readonly savable: SavableLayersModel | GraphModelLike | undefined;
  /** The same model if it is a LayersModel: it can then get a new head. */
  readonly layers: LayersModel | undefined;
  /** Frees the model's weights. */
  dispose(): void;
}

/** A file format of models. Write one to let `loadModel` and recipes read further files. */
export interface ModelFormat {
  /** Name for messages, e.g. `keras`. */
  readonly name: string;
  /**
   * Returns whether the file looks like this format, by its name or its first bytes. Leave it out if the format is used only
   * when it is named.
   */
  matches?(file: ModelFile): boolean | Promise<boolean>;
  /** Loads the model. @throws LoadError if the file is damaged or does not hold a model. No tensors are left over then. */
  load(file: ModelFile): Promise<LoadedModel>;
}

declare module "@graftjs/core" {
  interface PluginKinds {
    "model-format": ModelFormat;
  }
}
