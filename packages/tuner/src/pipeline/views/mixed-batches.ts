import * as tf from "@tensorflow/tfjs-core";
import { seeded } from "../../random/random.ts";
import { type CutImages, cutmix } from "./cutmix.ts";
import { mixRows, mixup } from "./mixup.ts";

/** Mixes the examples of a batch. Both functions own the given tensors. */
export interface MixedBatches {
  inputs(tensors: tf.Tensor[], epoch: number, indices: Int32Array): tf.Tensor[];
  /** Mixes the labels as the inputs of the same batch. Call it after `inputs`. */
  labels(tensors: readonly tf.Tensor[], epoch: number, indices: Int32Array): tf.Tensor[];
}

/** The options that mix examples. */
export interface MixingOptions {
  readonly mixup: number;
  readonly cutmix?: number;
  readonly seed: number;
}

/** Returns whether examples are mixed. Mixed inputs are new every time. */
export function mixes({ mixup, cutmix = 0 }: Pick<MixingOptions, "mixup" | "cutmix">): boolean {
  return mixup > 0 || cutmix > 0;
}

/**
 * Mixes batches by mixup or cutmix. If both are on, each batch takes one of them by chance, as timm does. The random numbers depend only on
 * seed, epoch and the first example of the batch.
 */
export function mixedBatches({ mixup: alpha, cutmix: cutAlpha = 0, seed }: MixingOptions): MixedBatches {
  /** Cuts of batches whose labels are not mixed yet: the share depends on the size of the images. */
  const cuts = new Map<string, CutImages>();
  const cuttingAt = (epoch: number, first: number): boolean =>
    cutAlpha > 0 && (alpha === 0 || seeded(seed, "mixing", epoch, first)() < 0.5);
  const mix = (tensors: readonly tf.Tensor[], epoch: number, first: number): tf.Tensor[] =>
    mixup(tensors, alpha, seeded(seed, "mixup", epoch, first));
  const replaced = (given: readonly tf.Tensor[], made: tf.Tensor[]): tf.Tensor[] => {
    tf.dispose(given as tf.Tensor[]);
    return made;
  };
  return {
    inputs(tensors, epoch, indices) {
      const first = indices[0] ?? 0;
      if (!cuttingAt(epoch, first)) return replaced(tensors, mix(tensors, epoch, first));
      const cut = cutmix(tensors[0] as tf.Tensor, cutAlpha, seeded(seed, "cutmix", epoch, first));
      cuts.set(`${epoch}/${first}`, cut);
      return replaced(tensors, [cut.images]);
    },
    labels(tensors, epoch, indices) {
      const first = indices[0] ?? 0;
      if (!cuttingAt(epoch, first)) return replaced(tensors, mix(tensors, epoch, first));
      const { partner, share } = cuts.get(`${epoch}/${first}`) as CutImages;
      cuts.delete(`${epoch}/${first}`);
      return replaced(tensors, mixRows(tensors, partner, share));
    },
  };
}
