import { type CacheOptions, cacheOptions } from "../pipeline/cache/cache-options.ts";
import type { Data } from "../pipeline/stream/data.ts";
import type { Augment } from "../pipeline/views/augment.ts";
import type { OptionProperties } from "./option-properties.ts";

/** The data of a run, and how examples become batches. */
export interface DataOptions {
  /**
   * Tensors with the examples on axis 0, arrays, a `tf.data.Dataset`, or an iterable. Tensors stay the caller's. Give data that
   * do not fit into memory as `{ stream, examples, buffer }`.
   */
  readonly data: Data;
  /** Examples that are evaluated after each epoch. They are never trained on. */
  readonly validation?: Data;
  /** Examples per batch. @default 32 */
  readonly batchSize?: number;
  /** Whether the examples are put into another order every epoch. @default true */
  readonly shuffle?: boolean;
  /**
   * Steps whose batches are prepared in advance. Their tensors are added to the peak memory; the plan counts them.
   * @default 1 for streams and with augmentation, else 0, because batches from memory need no waiting
   */
  readonly prefetch?: number;
  /** Changes to the inputs of training examples, applied in order, drawn again for every view. @default [] */
  readonly augment?: readonly Augment[];
  /**
   * Number of augmented views per example. With a number the trunk's outputs can be cached: epoch e uses view e mod `views`.
   * Without it every epoch has a new view, and the trunk runs in every epoch.
   */
  readonly views?: number;
  /** α of mixup: pairs of examples and their labels are mixed by λ from Beta(α, α) (Zhang et al. 2018). Not for class indices. @default 0 */
  readonly mixup?: number;
  /**
   * α of cutmix: a rectangle of each image is taken from another image, and the labels are mixed by its area (Yun et al. 2019). λ comes from
   * Beta(α, α). With `mixup` as well, each batch takes one of them by chance. Not for class indices. @default off
   */
  readonly cutmix?: number;
  /**
   * Weight of an example by its class, in order of the classes. If an example may have several labels: weight of each label's part of the
   * loss. For a model with one output.
   */
  readonly classWeights?: readonly number[];
  /** Where the trunk's outputs are kept from epoch to epoch. @default "memory" */
  readonly cache?: "memory" | false | CacheOptions;
}

export type DataDefaults = "batchSize" | "shuffle" | "augment" | "mixup" | "cache";

export const dataProperties: OptionProperties<DataOptions, DataDefaults> = {
  data: {
    codeOnly: true,
    description: "Tensors, arrays, a `tf.data.Dataset`, an iterable or `{ stream, examples, buffer }`",
  },
  validation: { codeOnly: true, description: "Examples that are evaluated after each epoch, in the forms of `data`" },
  batchSize: { type: "integer", minimum: 1, default: 32, description: "Examples per batch" },
  shuffle: { type: "boolean", default: true, description: "Whether the examples get another order every epoch" },
  prefetch: {
    type: "integer",
    minimum: 0,
    description: "Steps whose batches are prepared in advance. Default: 1 for streams and with augmentation, else 0",
  },
  augment: {
    type: "array",
    items: { plugin: "augmentation" },
    default: [],
    description: "Changes to the inputs of training examples, applied in order",
  },
  views: {
    type: "integer",
    minimum: 1,
    description: "Number of augmented views per example. A fixed number lets the trunk's outputs be cached",
  },
  mixup: {
    type: "number",
    minimum: 0,
    default: 0,
    description: "α of mixup, which mixes pairs of examples and their labels. 0 turns it off",
  },
  cutmix: {
    type: "number",
    minimum: 0,
    description: "α of cutmix, which takes a rectangle of each image from another one, and mixes their labels",
  },
  classWeights: {
    type: "array",
    items: { type: "number", minimum: 0 },
    description:
      "Weight of an example by its class, in order of the classes. With several labels per example: of each label",
  },
  cache: {
    anyOf: [{ enum: ["memory", false] }, cacheOptions.jsonSchema],
    default: "memory",
    description: "Where the trunk's outputs are kept from epoch to epoch",
  },
};
