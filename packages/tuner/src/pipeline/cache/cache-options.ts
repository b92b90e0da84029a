import { type OptionsSchema, optionsSchema, type Parsed } from "@graftjs/core";
import type { CheckpointStore } from "../../files/stores/store.ts";

/** Options of a cache for the trunk's outputs. */
export interface CacheOptions {
  /**
   * A folder (in Node), or a store, for example `opfsStore("features")` in a browser. Later runs reuse the files. For a stream, outputs
   * are read from the store when they are needed. For other data, they are read once and kept in memory. If the store cannot be
   * written, the run warns and continues with an in-memory cache, or without a cache for a stream. @default host memory
   */
  readonly store?: string | CheckpointStore;
  /** "float16" halves the size of the cache, but rounds values to 11 bits, which changes results. @default "float32" */
  readonly precision?: "float32" | "float16";
}

/** The options of a cache, with defaults. */
export type ParsedCache = Parsed<CacheOptions, "precision">;

export const cacheOptions: OptionsSchema<CacheOptions, "precision"> = optionsSchema<CacheOptions, "precision">({
  store: { anyOf: [{ type: "string" }, { codeOnly: true }], description: "Folder, or a store, that keeps the outputs" },
  precision: {
    enum: ["float32", "float16"],
    default: "float32",
    description: "float16 halves the cache and rounds its values to 11 bits",
  },
});

/** Reports a problem that does not end the run. @param about subject of the line; each subject is reported only once. */
export type Warn = (line: string, about: string) => void;
