import { OptionsError } from "@graftjs/core";
import { fineTune } from "./fine-tune.ts";
import { estimateRates, type RateEstimates } from "./learning-rates/estimates.ts";
import { layerStates } from "./loop/assembly/layer-states.ts";
import { adaptModel, type TunableModel } from "./models/adapt-model.ts";
import { readWeights, writeWeights } from "./models/weights.ts";
import type { FineTuneOptions } from "./options/fine-tune-options.ts";

export interface FindLearningRateOptions {
  /** Learning rate of the first step, > 0. @default 1e-6 */
  readonly from?: number;
  /** Learning rate of the last step, > `from`. @default 10 */
  readonly to?: number;
  /** Number of steps, ≥ 3. The search may end earlier, see `stopAt`. @default 100 */
  readonly steps?: number;
  /** Ends the search if the smoothed loss exceeds its minimum by this factor. @default 4 */
  readonly stopAt?: number;
}

export interface LearningRateCurve {
  /** Learning rate of each step. */
  readonly rates: readonly number[];
  /** Loss of each step as an exponential moving average with decay 0.95 and bias correction. */
  readonly losses: readonly number[];
  /** Estimates of a good learning rate, each by another rule. They agree on a clear curve, and scatter on a flat one. */
  readonly estimates: RateEstimates;
  /**
   * The learning rate to try first: `valley`, moved by a quarter of the way (in log rate) to `minimum`. On six real nets this was nearest
   * to the best rate of a grid. NaN if no step was taken.
   */
  readonly suggestion: number;
}

/** Decay of the moving average: about 20 batches count, so that one batch cannot decide. */
const DECAY = 0.95;

/**
 * Searches for a learning rate: raises it geometrically from step to step and records the loss (Smith 2017, "Cyclical Learning Rates",
 * section 3.3). Restores weights and statistics before it returns or throws.
 *
 * @param options options of `fineTune`. Ignores `learningRate`, `epochs`, `maxSteps`, `validation`, `observers`, `guard`, `checkpoint`,
 *   `earlyStopping`, `reduceOnPlateau` and `callbacks`. Rejects with the reason of `signal`.
 * @throws OptionsError if `from`, `to` or `steps` is out of range; errors of `fineTune` before its first step, or later if fewer than
 *   three steps were taken.
 */
export async function findLearningRate(
  model: TunableModel,
  options: Omit<FineTuneOptions, "learningRate" | "epochs">,
  { from = 1e-6, to = 10, steps = 100, stopAt = 4 }: FindLearningRateOptions = {},
): Promise<LearningRateCurve> {
  if (!(from > 0 && to > from && steps >= 3))
    throw new OptionsError(
      `findLearningRate cannot search from ${from} to ${to} in ${steps} steps.`,
      "Give 0 < from < to and steps ≥ 3.",
    );
  const { weights, patchable } = adaptModel(model);
  const states = layerStates(patchable);
  const before = { weights: await readWeights(weights), states: await states.read() };
  const rateOf = (step: number): number => from * (to / from) ** (step / (steps - 1));
  const rates: number[] = [];
  const losses: number[] = [];
  const done = new AbortController();
  let [mean, least] = [0, Number.POSITIVE_INFINITY];
  const watch = {
    stepEnd({ step, loss = Number.NaN }: { step: number; loss?: number }) {
      mean = DECAY * mean + (1 - DECAY) * loss;
      const smooth = mean / (1 - DECAY ** step);
      if (!Number.isFinite(smooth) || (step > 10 && smooth > stopAt * least)) return done.abort();
      rates.push(rateOf(step - 1));
      losses.push(smooth);
      least = Math.min(least, smooth);
    },
  };
  try {
    const { checkpoint: _none, earlyStopping: _never, reduceOnPlateau: _no, validation: _unseen, ...others } = options;
    const { callbacks: _unused, ...rest } = others;
    const run = {
      ...rest,
      learningRate: rateOf,
      epochs: steps,
      maxSteps: steps,
      observers: [watch],
      signal: options.signal ? AbortSignal.any([options.signal, done.signal]) : done.signal,
    };
    const { restore } = await fineTune(model, { ...run, guard: { policy: "skip", patience: 1 } });
    restore();
  } catch (error) {
    if (options.signal?.aborted || (!done.signal.aborted && losses.length < 3)) throw error;
  } finally {
    writeWeights(weights, before.weights);
    states.write(before.states);
  }
  const estimates = estimateRates({ rates, losses }, steps);
  return { rates, losses, estimates, suggestion: estimates.valley ** 0.75 * estimates.minimum ** 0.25 };
}
