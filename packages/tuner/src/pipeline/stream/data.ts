import type { MemoryData } from "../source/read-examples.ts";
import type { StreamData } from "./stream-data.ts";

/**
 * Training or validation examples. The caller still owns its tensors. A `tf.data.Dataset` or an (async) iterable must be finite; it is
 * read once into memory and shuffled as a whole. Given as `{ stream }`, it is read again in every epoch and is never in memory as a
 * whole.
 */
export type Data = MemoryData | StreamData;
