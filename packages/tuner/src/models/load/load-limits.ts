import { type OptionsSchema, optionsSchema } from "@graftjs/core";

/** Limits on the memory and the time that a model file may need. Raise a limit for a file that you trust. */
export interface LoadLimits {
  /**
   * Largest unpacked size of the file in bytes. A small file can unpack to gigabytes.
   *
   * @default 16 times the file's size, at least 64 MiB
   */
  readonly maxUnpackedBytes?: number;
  /**
   * Largest number of values that a layer, or a node of a graph, may compute: for each example in layers, for each batch in graphs. A file
   * of a few bytes can ask for billions, for example by `RepeatVector`, `Fill` or `Tile`.
   *
   * @default 268435456, which is 1 GiB of float32
   */
  readonly maxOutputValues?: number;
  /** How deeply objects and lists of the model's configuration may be nested. A model in a model takes 4 levels. @default 400 */
  readonly maxDepth?: number;
}

type Defaults = "maxOutputValues" | "maxDepth";

export const loadLimits: OptionsSchema<LoadLimits, Defaults> = optionsSchema<LoadLimits, Defaults>({
  maxUnpackedBytes: {
    type: "integer",
    minimum: 1,
    description: "Largest unpacked size of the file in bytes. Without it, 16 times the file's size, at least 64 MiB",
  },
  maxOutputValues: {
    type: "integer",
    minimum: 1,
    default: 2 ** 28,
    description: "Largest number of values that a layer or a node of a graph may compute",
  },
  maxDepth: {
    type: "integer",
    minimum: 1,
    default: 400,
    description: "How deeply objects and lists of the model's configuration may be nested",
  },
});

/** Returns the limit for a file of `byteLength` bytes. */
export function unpackedLimit({ maxUnpackedBytes }: LoadLimits, byteLength: number): number {
  return maxUnpackedBytes ?? Math.max(16 * byteLength, 2 ** 26);
}

/** The end of every message about a limit. */
export function raise(limit: keyof LoadLimits): string {
  return `If you trust the file, raise \`${limit}\`.`;
}
