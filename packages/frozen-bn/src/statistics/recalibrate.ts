import { assertOptions, type LayersLike, type OptionsSchema, optionsSchema, type Selector } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { InputData } from "./batches.ts";
import { measure } from "./measure.ts";

export interface RecalibrateOptions {
  /** At most so many batches. @default 200 */
  readonly batches?: number;
  /** Examples a batch, where the data is one tensor. @default 32 */
  readonly batchSize?: number;
  /** Which batch norm layers. @default every batch norm */
  readonly layers?: Selector;
}

const schema: OptionsSchema<RecalibrateOptions> = optionsSchema<RecalibrateOptions>({
  batches: { type: "integer", minimum: 1, default: 200 },
  batchSize: { type: "integer", minimum: 1, default: 32 },
  layers: {},
});

/**
 * Replaces the running statistics by those of the user's data: PreciseBN (Wu & Johnson 2021, "Rethinking Batch in BatchNorm", §3;
 * fvcore `update_bn_stats`). No momentum: every example counts the same. No gradient, no other weight changes.
 *
 * The layers normalise by the batch meanwhile, so batches should be of the size and mix of training. Dropout is off.
 *
 * @param model a built `tf.LayersModel`, frozen or not.
 * @throws GraftError where there is no batch, NonFiniteError where the data are not finite; the model is then unchanged.
 */
export async function recalibrate(
  model: LayersLike,
  data: InputData,
  options: RecalibrateOptions = {},
): Promise<{ readonly batches: number; readonly layers: readonly string[] }> {
  assertOptions("recalibrate", schema, options);
  const { batches = 200, batchSize = 32, layers } = options;
  const result = await measure(model, data, { layers, batches, batchSize, normalizeBy: "batch" });
  tf.tidy(() => {
    for (const { found, mean, variance } of result.measured) {
      found.layer.movingMean.write(tf.tensor1d(Float32Array.from(mean)));
      found.layer.movingVariance.write(tf.tensor1d(Float32Array.from(variance)));
    }
  });
  return { batches: result.batches, layers: result.measured.map(({ found }) => found.path) };
}
