import { frozenBatchNorm } from "@graftjs/frozen-bn";
import { adam } from "@graftjs/core";
import type { FineTuneOptions } from "@graftjs/tuner";
import type * as layers from "@tensorflow/tfjs-layers";
import type { Effort } from "../project/project.ts";

type Recipe = Pick<
  FineTuneOptions,
  "trainable" | "labelSmoothing" | "learningRate" | "epochs" | "batchSize" | "loss" | "metrics" | "rule" | "patches"
>;

const common = { batchSize: 16, loss: "categoricalCrossentropy", metrics: ["accuracy"] } as const;

/** Returns how a head is trained on features. */
export function headRecipe(): Recipe {
  return { ...common, rule: adam(), trainable: "head/**", learningRate: 0.005, epochs: 30 };
}

/**
 * Returns how a whole model is trained after its head. Batch norm keeps its pretrained statistics, because those of few pictures
 * are not reliable.
 *
 * @param pictures number of pictures to learn
 */
export function deepRecipe(model: layers.LayersModel, effort: Exclude<Effort, "head">, pictures: number): Recipe {
  const patches = model.layers.some(isNorm) ? [frozenBatchNorm()] : [];
  const steps = EPOCHS * Math.ceil(pictures / common.batchSize);
  const [trainable, rate] = effort === "whole" ? (["**", 3e-5] as const) : ([lastBlocks(model), 1e-4] as const);
  // The rate falls to zero. With a constant rate, the answers still change in the last steps.
  const learningRate = (step: number): number => rate * Math.max(0, 1 - step / steps);
  // The head knows its pictures already. Without smoothing, little is left to learn from them.
  const labelSmoothing = 0.1;
  return { ...common, labelSmoothing, rule: adam(), patches, trainable, learningRate, epochs: EPOCHS };
}

/** Rounds through all pictures past the head. */
const EPOCHS = 6;

/** Share of the layers with kernels that `blocks` trains, counted from the end. */
const LAST = 0.15;

/** Selects the parameters of the last layers. In MobileNetV2, these are the last two blocks, the last convolution and the head. */
function lastBlocks(model: layers.LayersModel): readonly string[] {
  const kernels = model.layers.filter((layer) => layer.weights.length > 0 && !isNorm(layer));
  const first = kernels[Math.floor(kernels.length * (1 - LAST))];
  const from = model.layers.indexOf(first as layers.layers.Layer);
  return model.layers
    .slice(from)
    .filter((layer) => layer.weights.length > 0)
    .map(({ name }) => `${name}/**`);
}

function isNorm(layer: layers.layers.Layer): boolean {
  return layer.getClassName() === "BatchNormalization";
}
