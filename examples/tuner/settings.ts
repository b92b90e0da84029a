import { adam } from "@graftjs/core";
import { frozenBatchNorm } from "@graftjs/frozen-bn";
import { type FineTuneOptions, flip, replaceHead, shift } from "@graftjs/tuner";
import type { LayersModel } from "@tensorflow/tfjs-layers";

/** A head of five classes in place of the old one. */
export function underNewHead(model: LayersModel): LayersModel {
  return replaceHead(model, { units: 5 });
}

/** How the example fine-tunes: the head first, the last block too from the third epoch on, two cached views of each image. */
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
