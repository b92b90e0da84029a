import type { CheckpointStore } from "../../files/stores/store.ts";

/** A cache that outlives the run. */
export interface CacheOptions {
  /**
   * A folder, in Node; or a store, for example `opfsStore("features")` in a browser. Of a stream, what is computed is kept there
   * and read as it is wanted; of other data, it is read once and kept in memory. Where it cannot be written the run goes on with a
   * warning: from memory, or of a stream without a cache. @default host memory
   */
  readonly store?: string | CheckpointStore;
  /** "float16" halves the cache and rounds its values to 11 bits: results are no longer those of the plain run. @default "float32" */
  readonly precision?: "float32" | "float16";
}

/** Says what went wrong without ending the run. @param about lines about the same thing are told once. */
export type Warn = (line: string, about: string) => void;
