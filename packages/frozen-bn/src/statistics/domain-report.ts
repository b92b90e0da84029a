import { assertOptions, type LayersLike, type OptionsSchema, optionsSchema, type Selector } from "@graftjs/core";
import type { InputData } from "./batches.ts";
import { type Measured, measure } from "./measure.ts";

export interface DomainReportOptions {
  /** At most so many batches. @default 10 */
  readonly batches?: number;
  /** Examples a batch, where the data is one tensor. @default 32 */
  readonly batchSize?: number;
  /** Which batch norm layers. @default every batch norm */
  readonly layers?: Selector;
}

/** What to do with the statistics of a layer. */
export type StatisticsAdvice = "freeze" | "recalibrate" | "train";

/** How far the user's data lie from the statistics that a layer was trained with. */
export interface LayerShift {
  readonly layer: string;
  readonly channels: number;
  /** |mean of the data − μ|/√(σ² + ε), averaged over the channels. 0: the same. */
  readonly meanShift: number;
  /** variance of the data/(σ² + ε), geometric mean over the channels. 1: the same. */
  readonly varianceRatio: number;
  /** KL divergence of two normal distributions, the data's from the statistics', in nats, averaged over the channels. */
  readonly divergence: number;
  readonly advice: StatisticsAdvice;
}

export interface DomainReport {
  readonly layers: readonly LayerShift[];
  /** For the model: the advice of most channels. */
  readonly advice: StatisticsAdvice;
  readonly batches: number;
}

const schema: OptionsSchema<DomainReportOptions> = optionsSchema<DomainReportOptions>({
  batches: { type: "integer", minimum: 1, default: 10 },
  batchSize: { type: "integer", minimum: 1, default: 32 },
  layers: {},
});

/**
 * Compares the user's data, layer by layer, with the running statistics of a pretrained model: is it right to freeze them?
 *
 * The model runs in inference, so each layer sees what it would see in use, shifts of the layers before included. The advice is a
 * rule of thumb of ours on the divergence: below 0.25 nats freeze (a quarter of a nat is a mean 0.7 σ off), below 2 recalibrate,
 * otherwise train.
 *
 * @throws GraftError where there is no batch, NonFiniteError where the data are not finite. The model is unchanged either way.
 */
export async function domainReport(
  model: LayersLike,
  data: InputData,
  options: DomainReportOptions = {},
): Promise<DomainReport> {
  assertOptions("domainReport", schema, options);
  const { batches = 10, batchSize = 32, layers } = options;
  const result = await measure(model, data, { layers, batches, batchSize, normalizeBy: "running" });
  const shifts = await Promise.all(result.measured.map(shiftOf));
  const votes = (advice: StatisticsAdvice): number =>
    shifts.filter((shift) => shift.advice === advice).reduce((sum, { channels }) => sum + channels, 0);
  const advice = (["freeze", "recalibrate", "train"] as const).reduce((a, b) => (votes(b) > votes(a) ? b : a));
  return { layers: shifts, advice, batches: result.batches };
}

async function shiftOf({ found, mean, variance }: Measured): Promise<LayerShift> {
  const { movingMean, movingVariance, epsilon } = found.layer;
  const [mu, sigma2] = await Promise.all([movingMean.read().data(), movingVariance.read().data()]);
  const channels = mean.length;
  let [shift, logRatio, divergence] = [0, 0, 0];
  for (let i = 0; i < channels; i++) {
    // ε in both: a channel that is constant in training and here has not shifted.
    const before = (sigma2[i] as number) + epsilon;
    const ratio = ((variance[i] as number) + epsilon) / before;
    const distance = Math.abs((mean[i] as number) - (mu[i] as number)) / Math.sqrt(before);
    shift += distance / channels;
    logRatio += Math.log(ratio) / channels;
    divergence += (ratio + distance * distance - 1 - Math.log(ratio)) / 2 / channels;
  }
  const advice = divergence < 0.25 ? "freeze" : divergence < 2 ? "recalibrate" : "train";
  return { layer: found.path, channels, meanShift: shift, varianceRatio: Math.exp(logRatio), divergence, advice };
}
