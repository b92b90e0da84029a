import type { Data } from "./data.ts";

/** The data of a run, as `fineTune` takes them. */
export interface RunData {
  readonly data: Data;
  readonly validation?: Data;
}

/** A place that data come from. Write one to let recipes read further data: `"data": { "use": "my-source", "with": { ... } }`. */
export interface DataSource {
  /**
   * Reads the data. Called once per run, on the backend that computes the run.
   *
   * @param folder that relative paths in the options start from: the recipe's folder.
   */
  read(folder: string): RunData | Promise<RunData>;
}

declare module "@graftjs/core" {
  interface PluginKinds {
    "data-source": DataSource;
  }
}
