import { adam } from "@graftjs/core";
import { type Effort, fineTune as byEffort } from "@graftjs/presets";
import { type FineTuneResult, findLearningRate, fineTune } from "@graftjs/tuner";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Examples } from "./task.ts";

/** Facts about a run that a cell keeps. */
export interface MethodRun {
  readonly rates: readonly number[];
  readonly epochs: readonly number[];
  readonly peakBytes: number;
}

/** One way to fine-tune. It changes the model in place. */
export interface Method {
  readonly name: string;
  run(model: LayersModel, train: Examples, seed: number): Promise<MethodRun>;
}

const effort = (word: Effort, keep = 0): Method => ({
  name: keep === 0 ? word : `${word}, keep ${keep}`,
  async run(model, train, seed) {
    const result = await byEffort(model, { data: train, effort: word, keep, seed });
    result.restore();
    return {
      rates: result.stages.map(({ recipe }) => recipe.learningRate as number),
      epochs: result.stages.map(({ history }) => history.epoch.length),
      peakBytes: result.peakBytes,
    };
  },
});

const EPOCHS = 20;

/** All layers at once, batch norm by the batch, all examples, a fixed number of epochs. Its rate is searched for like the others'. */
const naive: Method = {
  name: "naive full",
  async run(model, train, seed) {
    const options = { data: train, loss: "categoricalCrossentropy", trainable: "all", seed } as const;
    const { suggestion } = await findLearningRate(model, { ...options, rule: adam() }, { steps: 60 });
    const result: FineTuneResult = await fineTune(model, {
      ...options,
      rule: adam(),
      learningRate: suggestion,
      epochs: EPOCHS,
    });
    result.restore();
    return { rates: [suggestion], epochs: [EPOCHS], peakBytes: result.peakBytes };
  },
};

export const METHODS: readonly Method[] = [naive, effort("head"), effort("tail"), effort("tail", 1), effort("full")];
