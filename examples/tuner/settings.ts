import { adam } from "@graftjs/core";
import { frozenBatchNorm } from "@graftjs/frozen-bn";
import { type FineTuneOptions, flip, replaceHead, shift } from "@graftjs/tuner";
import type { LayersModel } from "@tensorflow/tfjs-layers";

/** Replaces the head by a new one with five classes. */
export function underNewHead(model: LayersModel): LayersModel {
  return replaceHead(model, { units: 5 });
}

/**
 * Returns the options of the example. It trains the head first and the last block too from the third epoch on, on two cached
 * views of each image.
 */
export function settings(): Omit<FineTuneOptions, "data" | "epochs"> {
  return {
    loss: "categoricalCrossentropy",
    trainable: "head/**",
    unfreeze: [{ epoch: 2, trainable: "conv_2/**" }],
    patches: [frozenBatchNorm()],
    rule: adam(),
    learningRate: 0.01,
    augment: [flip({ probability: 0 }), shift({ by: 2 })],
    views: 2,
  };
}
