import { adam } from "@graftjs/core";
import type { FineTuneOptions, GraphTrainee } from "@graftjs/tuner";

/** How the example fine-tunes: the last layer, which is the one with five outputs. */
export function settingsFor({ weights }: GraphTrainee): Omit<FineTuneOptions, "data" | "epochs"> & {
  readonly trainable: readonly string[];
} {
  return {
    loss: "categoricalCrossentropy",
    trainable: weights.filter(({ shape }) => shape.at(-1) === 5).map(({ name }) => name),
    rule: adam(),
    learningRate: 0.01,
    batchSize: 8,
  };
}
