import type { Data } from "./data.ts";
import type { InputReader, InputReaderUse } from "./input-reader.ts";

/** The data of a run, as `fineTune` takes them. */
export interface RunData {
  readonly data: Data;
  readonly validation?: Data;
}

/** The data of a run, and the facts about them that are stored with the tuned model. */
export interface ReadRunData extends RunData {
  /** Names of the classes, in the order of the model's outputs. */
  readonly classes?: readonly string[];
  /** Makes inputs from other files in the way in which these data were made. */
  readonly reader?: InputReaderUse;
  /** Lines for the person: the number of examples, the files that were skipped. */
  readonly notes?: readonly string[];
}

/** An input or output of the model that the data are for. */
export interface DataPort {
  readonly name: string;
  /** Axis 0 is the batch; null means any size. */
  readonly shape: readonly (number | null)[];
}

/** The model and the loss that data are read for. */
export interface DataContext {
  readonly inputs: readonly DataPort[];
  /** `sparse`: whether the loss of this output takes class indices instead of one-hot labels. */
  readonly outputs: readonly (DataPort & { readonly sparse: boolean })[];
  /** The reader that is stored with the base model: the way in which its inputs were made before. Undefined if none is stored. */
  readonly reader?: InputReaderUse;
  /**
   * Names of the classes of the model's outputs, in order. A source whose classes have these names returns them in this order. Undefined
   * if the names are not known, or if the model has a new head.
   */
  readonly classes?: readonly string[];
  /** Imports an optional package, e.g. a decoder. @throws GraftError with the command that installs it */
  importPackage<T>(name: string): Promise<T>;
}

/** A place that data come from. Write one to let recipes read further data: `"data": { "use": "my-source", "with": { ... } }`. */
export interface DataSource {
  /**
   * Reads the data. Called once per run, on the backend that computes the run.
   *
   * @param folder that relative paths in the options start from: the recipe's folder.
   * @param context the model that the data are for.
   */
  read(folder: string, context: DataContext): ReadRunData | Promise<ReadRunData>;
  /**
   * Names the classes without reading the examples, in the order of the labels. The command sizes a new head by them. Leave it out, or
   * return undefined, if the data have no classes.
   *
   * @param folder as in `read`.
   */
  classes?(folder: string): readonly string[] | undefined | Promise<readonly string[] | undefined>;
}

declare module "@graftjs/core" {
  interface PluginKinds {
    "data-source": DataSource;
    "input-reader": InputReader;
  }
}
