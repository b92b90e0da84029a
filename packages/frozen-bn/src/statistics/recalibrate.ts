import { type LayersLike, type OptionsSchema, optionsSchema, type Selector } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { InputData } from "./batches.ts";
import { measureInputs } from "./measure.ts";

/** Options of {@link recalibrate}. */
export interface RecalibrateOptions {
  /** Largest number of batches to measure, ≥ 1. @default 200 */
  readonly batches?: number;
  /** Examples per batch if the data is one tensor, ≥ 1. @default 32 */
  readonly batchSize?: number;
  /** Selects the batch norm layers by their weights. @default all batch norm layers */
  readonly layers?: Selector;
}

const schema: OptionsSchema<RecalibrateOptions, "batches" | "batchSize"> = optionsSchema<
  RecalibrateOptions,
  "batches" | "batchSize"
>({
  batches: { type: "integer", minimum: 1, default: 200 },
  batchSize: { type: "integer", minimum: 1, default: 32 },
  layers: {},
});

/**
 * Replaces the running statistics by the statistics of your data. This is PreciseBN (Wu & Johnson 2021, "Rethinking Batch in
 * BatchNorm", §3; fvcore `update_bn_stats`). All examples count equally, without momentum. No other weight changes.
 *
 * While it measures, the layers normalize by the batch. So batches should have the size and the mix of classes of training.
 * Dropout is off.
 *
 * @param model a built `tf.LayersModel`, with or without the patch `frozenBatchNorm`.
 * @returns the number of batches measured, and the stable paths of the changed layers.
 * @throws OptionsError if an option is wrong; GraftError if the data contain no batch; NonFiniteError if the data are not finite.
 *   The model is then unchanged.
 */
export async function recalibrate(
  model: LayersLike,
  data: InputData,
  options: RecalibrateOptions = {},
): Promise<{ readonly batches: number; readonly layers: readonly string[] }> {
  const { batches, batchSize, layers } = schema.parse("recalibrate", options);
  const result = await measureInputs(model, data, { layers, batches, batchSize, normalizeBy: "batch" });
  tf.tidy(() => {
    for (const { found, mean, variance } of result.measured) {
      found.layer.movingMean.write(tf.tensor1d(Float32Array.from(mean)));
      found.layer.movingVariance.write(tf.tensor1d(Float32Array.from(variance)));
    }
  });
  return { batches: result.batches, layers: result.measured.map(({ found }) => found.path) };
}
