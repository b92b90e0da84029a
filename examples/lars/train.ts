import { HookedOptimizer, namedParams, sgd } from "@graftjs/core";
import { larsMomentum, larsReport } from "@graftjs/lars";
import { polynomial, warmup } from "@graftjs/transforms";
import type * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Digits } from "./data.ts";
import { digitNet } from "./model.ts";

/** The results of a run. */
export interface Run {
  /** Training loss of each epoch. */
  readonly losses: readonly number[];
  /** Share of the test images with the right digit after each epoch. NaN if it was not measured. */
  readonly accuracies: readonly number[];
  readonly seconds: number;
  /** Table of the ratios in the last step. Empty for SGD. */
  readonly report: string;
}

/** The settings of a run. */
export interface RunOptions {
  readonly rule: "sgd" | "lars";
  /** Largest learning rate of the schedule. */
  readonly peak: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly seed: number;
  /** Whether to measure the accuracy only after the last epoch. @default false */
  readonly onlyEnd?: boolean;
  /** Called after each epoch. */
  readonly onEpoch?: (epoch: number) => void;
}

const MOMENTUM = 0.9;

/**
 * Makes and compiles a new network. Both rules use momentum 0.9, no decay, and the schedule of the paper: a warm-up, then a
 * decay as (1 − t)².
 */
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

/** Trains a new network and measures it. */
export async function train(data: { train: Digits; test: Digits }, options: RunOptions): Promise<Run> {
  const { rule, peak, batchSize, epochs, seed, onlyEnd = false, onEpoch } = options;
  const steps = epochs * Math.ceil(data.train.xs.shape[0] / batchSize);
  const { model, optimizer } = compiled({ rule, peak, seed, steps });
  const [losses, accuracies]: [number[], number[]] = [[], []];
  const start = performance.now();
  await model.fit(data.train.xs, data.train.ys, {
    batchSize,
    epochs,
    shuffle: false, // data.ts has shuffled the images with a seed; the shuffle of fit has no seed
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
