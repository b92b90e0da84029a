import { adam } from "@graftjs/core";
import { layerDecayRates, layerDepths } from "@graftjs/gradient-surgery";
import { type Effort, fineTune as byEffort } from "@graftjs/presets";
import { oneCycle } from "@graftjs/transforms";
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

/** Epochs of the head in the usual recipe. fastai does one, which is two steps on the smallest sets. */
const HEAD_EPOCHS = 3;

/**
 * The usual recipe, as fastai's `fine_tune` has it: the head and the norms for some epochs, then all layers at half the rate, with rates
 * that fall to a hundredth in the first layer, one cycle each. Batch norm by the batch, with PyTorch's momentum. It has no augmentation.
 */
const usual: Method = {
  name: "usual recipe",
  async run(model, train, seed) {
    for (const layer of model.layers as { momentum?: number }[]) if ("momentum" in layer) layer.momentum = 0.9;
    const options = { data: train, loss: "categoricalCrossentropy", seed, rule: adam() } as const;
    const { suggestion } = await findLearningRate(model, { ...options, trainable: "head/**" }, { steps: 60 });
    const head = await fineTune(model, {
      ...options,
      trainable: ["head/**", "norm"],
      learningRate: oneCycle({ peak: suggestion, warmupShare: 0.99 }),
      epochs: HEAD_EPOCHS,
    });
    head.restore();
    const withWeights = model.layers.filter(({ weights }) => weights.length > 0).map(({ name }) => name);
    const depths = Object.fromEntries(withWeights.map((name) => [name, layerDepths(model)[name] as number]));
    const deepest = Math.max(...Object.values(depths));
    const all = await fineTune(model, {
      ...options,
      trainable: "all",
      learningRate: oneCycle({ peak: suggestion / 2, startFactor: 5 }),
      rateMultipliers: layerDecayRates({ depths, decay: 0.01 ** (1 / Math.max(1, deepest)) }),
      epochs: EPOCHS,
    });
    all.restore();
    return {
      rates: [suggestion, suggestion / 2],
      epochs: [HEAD_EPOCHS, EPOCHS],
      peakBytes: Math.max(head.peakBytes, all.peakBytes),
    };
  },
};

export const METHODS: readonly Method[] = [
  naive,
  usual,
  effort("head"),
  effort("tail"),
  effort("tail", 1),
  effort("full"),
];
