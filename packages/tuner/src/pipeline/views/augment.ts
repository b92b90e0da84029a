import type * as tf from "@tensorflow/tfjs-core";
import type { Random } from "../../random/random.ts";

/**
 * A change to the inputs of a batch. Each example brings a generator of its own, so that its view depends on seed, view and
 * example and on nothing else: not on the batch it stands in, not on what was drawn before.
 */
export interface Augment {
  readonly name: string;
  /** What it was made with, as plain data: a resumed run must have the same. @default the name says it all */
  readonly options?: Readonly<Record<string, unknown>>;
  /** The model's first input in, the same shape out. Inside a tidy. */
  apply(batch: tf.Tensor, randoms: readonly Random[]): tf.Tensor;
}

// A package's `plugins` may hold plugins of this kind.
declare module "@graftjs/core" {
  interface PluginKinds {
    augmentation: Augment;
  }
}
