import type { CacheOptions } from "../cache/cache-options.ts";
import type { Augment } from "../views/augment.ts";

/** How the examples become batches. */
export interface LoaderOptions {
  /** Whether the examples are put into another order every epoch. @default true */
  readonly shuffle?: boolean;
  /**
   * Updates whose batches are prepared while one is in progress. Their tensors come on top of the peak; the plan counts them.
   * @default 1 for streams and with augmentation, else 0: batches from memory are there at once
   */
  readonly prefetch?: number;
  /** Changes to the inputs of training examples, in order, drawn anew for every view. @default [] */
  readonly augment?: readonly Augment[];
  /**
   * How many augmented views of an example there are. A number lets the trunk's outputs be cached, epoch e using view
   * e mod `views`; without it every epoch sees a new view and the trunk runs every time.
   */
  readonly views?: number;
  /** Mixes pairs of examples and their labels by λ from Beta(α, α) (Zhang et al. 2018). Not with class numbers. @default 0 */
  readonly mixup?: number;
  /** Where the trunk's outputs are kept from epoch to epoch. @default "memory" */
  readonly cache?: "memory" | false | CacheOptions;
  /** Ends the run after the step in progress; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}
