import { type LayersLike, type OptionsSchema, optionsSchema, type Selector } from "@graftjs/core";
import type { InputData } from "./batches.ts";
import { type MeasuredInput, measureInputs } from "./measure.ts";

/** Options of {@link domainReport}. */
export interface DomainReportOptions {
  /** Largest number of batches to measure, ≥ 1. @default 10 */
  readonly batches?: number;
  /** Examples per batch if the data is one tensor, ≥ 1. @default 32 */
  readonly batchSize?: number;
  /** Selects the batch norm layers by their weights. @default all batch norm layers */
  readonly layers?: Selector;
}

/** Advice for the statistics of a layer: keep them, measure them again, or train with batch statistics. */
export type StatisticsAdvice = "freeze" | "recalibrate" | "train";

/** The difference between your data and the statistics of one batch norm layer. */
export interface LayerShift {
  /** Stable path of the layer. */
  readonly layer: string;
  readonly channels: number;
  /** |mean of the data − μ|/√(σ² + ε), averaged over the channels. 0 if the means are equal. */
  readonly meanShift: number;
  /** Variance of the data/(σ² + ε), geometric mean over the channels. 1 if the variances are equal. */
  readonly varianceRatio: number;
  /** KL divergence of the data from the statistics, both as normal distributions: nats, averaged over the channels. */
  readonly divergence: number;
  readonly advice: StatisticsAdvice;
}

/** The result of {@link domainReport}. */
export interface DomainReport {
  readonly layers: readonly LayerShift[];
  /** Advice for the whole model: the advice that most channels get. */
  readonly advice: StatisticsAdvice;
  /** Number of batches measured. */
  readonly batches: number;
}

const schema: OptionsSchema<DomainReportOptions, "batches" | "batchSize"> = optionsSchema<
  DomainReportOptions,
  "batches" | "batchSize"
>({
  batches: { type: "integer", minimum: 1, default: 10 },
  batchSize: { type: "integer", minimum: 1, default: 32 },
  layers: {},
});

/**
 * Compares your data with the running statistics of a pretrained model, layer by layer. The result tells whether freezing
 * the statistics suits the data.
 *
 * The model runs in inference mode. So each layer receives the same input as in use, including the shifts of earlier
 * layers. The advice follows our own rule of thumb for the divergence: freeze below 0.25 nats, recalibrate below 2, train
 * above. A mean that is off by 0.7 σ gives about 0.25 nats.
 *
 * @param model a built `tf.LayersModel`. It is not changed.
 * @throws OptionsError if an option is wrong; GraftError if the data contain no batch; NonFiniteError if the data are not finite.
 */
export async function domainReport(
  model: LayersLike,
  data: InputData,
  options: DomainReportOptions = {},
): Promise<DomainReport> {
  const { batches, batchSize, layers } = schema.parse("domainReport", options);
  const result = await measureInputs(model, data, { layers, batches, batchSize, normalizeBy: "running" });
  const shifts = await Promise.all(result.measured.map(shiftOf));
  const votes = (advice: StatisticsAdvice): number =>
    shifts.filter((shift) => shift.advice === advice).reduce((sum, { channels }) => sum + channels, 0);
  const advice = (["freeze", "recalibrate", "train"] as const).reduce((a, b) => (votes(b) > votes(a) ? b : a));
  return { layers: shifts, advice, batches: result.batches };
}

async function shiftOf({ found, mean, variance }: MeasuredInput): Promise<LayerShift> {
  const { movingMean, movingVariance, epsilon } = found.layer;
  const [mu, sigma2] = await Promise.all([movingMean.read().data(), movingVariance.read().data()]);
  const channels = mean.length;
  let [shift, logRatio, divergence] = [0, 0, 0];
  for (let i = 0; i < channels; i++) {
    // With ε in both, a channel that is constant in training and in the data counts as not shifted.
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
