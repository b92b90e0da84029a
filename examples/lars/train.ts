import { HookedOptimizer, namedParams, sgd } from "@graftjs/core";
import { larsMomentum, larsReport } from "@graftjs/lars";
import { polynomial, warmup } from "@graftjs/transforms";
import type * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Digits } from "./data.ts";
import { digitNet } from "./model.ts";

export interface Run {
  /** Training loss of each epoch. */
  readonly losses: readonly number[];
  /** Share of the test images read right after each epoch; NaN where it was not measured. */
  readonly accuracies: readonly number[];
  readonly seconds: number;
  /** Table of the last step's ratios; LARS only. */
  readonly report: string;
}

export interface RunOptions {
  readonly rule: "sgd" | "lars";
  /** Highest rate. */
  readonly peak: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly seed: number;
  /** Measure accuracy after the last epoch alone. @default false */
  readonly onlyEnd?: boolean;
  /** Called after each epoch. */
  readonly onEpoch?: (epoch: number) => void;
}

const MOMENTUM = 0.9;

/** A fresh network, ready for `fit`. Both rules get momentum 0.9, no decay, and the paper's schedule: a warm-up, then (1 − t)². */
export function compiled({ rule, peak, seed, steps }: Pick<RunOptions, "rule" | "peak" | "seed"> & { steps: number }): {
  readonly model: LayersModel;
  readonly optimizer: HookedOptimizer;
} {
  const model = digitNet(seed);
  const rise = Math.round(steps / 8);
  const optimizer = new HookedOptimizer({
    params: namedParams(model),
    rule:
      rule === "lars"
        ? larsMomentum({ trustCoefficient: 0.02, momentum: MOMENTUM, weightDecay: 0 })
        : sgd({ momentum: MOMENTUM }),
    learningRate: warmup({ steps: rise, schedule: polynomial({ start: peak, steps: steps - rise }) }),
  });
  model.compile({ optimizer, loss: "categoricalCrossentropy", metrics: ["accuracy"] });
  return { model, optimizer };
}

/** Trains a fresh network. */
export async function train(data: { train: Digits; test: Digits }, options: RunOptions): Promise<Run> {
  const { rule, peak, batchSize, epochs, seed, onlyEnd = false, onEpoch } = options;
  const steps = epochs * Math.ceil(data.train.xs.shape[0] / batchSize);
  const { model, optimizer } = compiled({ rule, peak, seed, steps });
  const [losses, accuracies]: [number[], number[]] = [[], []];
  const start = performance.now();
  await model.fit(data.train.xs, data.train.ys, {
    batchSize,
    epochs,
    shuffle: false, // the images are shuffled once, by seed; fit's own shuffle cannot be seeded
    verbose: 0,
    callbacks: {
      onEpochEnd: async (epoch, logs) => {
        losses.push(logs?.loss ?? Number.NaN);
        const last = epoch === epochs - 1;
        accuracies.push(onlyEnd && !last ? Number.NaN : accuracy(model, data.test));
        onEpoch?.(epoch);
      },
    },
  });
  const seconds = (performance.now() - start) / 1000;
  const report = rule === "lars" ? String(await larsReport(optimizer)) : "";
  optimizer.dispose();
  model.dispose();
  return { losses, accuracies, seconds, report };
}

function accuracy(model: LayersModel, { xs, ys }: Digits): number {
  const [loss, right] = model.evaluate(xs, ys, { batchSize: 512 }) as tf.Scalar[];
  const [value] = (right as tf.Scalar).dataSync();
  loss?.dispose();
  right?.dispose();
  return value as number;
}
