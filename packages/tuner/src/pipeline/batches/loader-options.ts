import type { CacheOptions } from "../cache/cache-options.ts";
import type { Augment } from "../views/augment.ts";

/** Options for turning examples into batches. */
export interface LoaderOptions {
  /** Whether to shuffle the examples in every epoch. @default true */
  readonly shuffle?: boolean;
  /**
   * Number of updates whose batches are prepared during the current update. Their tensors add to the peak memory; the plan counts them.
   * @default 1 for streams and with augmentation, otherwise 0
   */
  readonly prefetch?: number;
  /** Random changes to the inputs of training examples, applied in order. Each view draws new ones. @default [] */
  readonly augment?: readonly Augment[];
  /**
   * Number of augmented views per example. If set, the trunk's outputs are cached and epoch e uses view e mod `views`. If not set,
   * every epoch uses a new view and the trunk runs for every batch.
   */
  readonly views?: number;
  /**
   * α of mixup: mixes pairs of examples and their labels with λ from Beta(α, α) (Zhang et al. 2018). 0 turns mixup off. It needs one-hot
   * labels, because class indices cannot be mixed. @default 0
   */
  readonly mixup?: number;
  /** Place for the trunk's cached outputs; `false` turns the cache off. @default "memory" */
  readonly cache?: "memory" | false | CacheOptions;
  /** Aborts the run after the current step. The promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}
