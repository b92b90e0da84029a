import type * as tf from "@tensorflow/tfjs-core";
import type { Random } from "../../random/random.ts";

/**
 * A change to the inputs of a batch. Each example has its own random generator. So its view depends only on seed, view and example,
 * not on the other examples of the batch and not on earlier random numbers.
 */
export interface Augment {
  readonly name: string;
  /** Its options as plain data. A resumed run must have the same. @default only the name is compared */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Takes the model's first input and returns a tensor of the same shape. Runs inside a tidy. */
  apply(batch: tf.Tensor, randoms: readonly Random[]): tf.Tensor;
}

// A package's `plugins` may hold plugins of this kind.
declare module "@graftjs/core" {
  interface PluginKinds {
    augmentation: Augment;
  }
}
