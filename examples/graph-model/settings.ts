import { adam } from "@graftjs/core";
import type { FineTuneOptions, GraphModelAdapter } from "@graftjs/tuner";

/** Returns the options of the example. Only the last layer is trained, which is the one with five outputs. */
export function settingsFor({ weights }: GraphModelAdapter): Omit<FineTuneOptions, "data" | "epochs"> & {
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
