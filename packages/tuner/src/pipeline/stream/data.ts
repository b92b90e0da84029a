import type { MemoryData } from "../source/read-examples.ts";
import type { StreamData } from "./stream-data.ts";

/**
 * Where examples come from. Tensors stay the caller's. A `tf.data.Dataset` or an (async) iterable is read once into memory,
 * so that it can be shuffled as a whole, and must end; as `{ stream }` it is read anew every epoch and never held as a whole.
 */
export type Data = MemoryData | StreamData;
