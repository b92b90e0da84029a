import { type LayersLike, NonFiniteError, onlyTensor, overrideCall, type Selector } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { inferredBy } from "../blocks/batch-norm-op.ts";
import { channelAxis, reductionAxes } from "../layers/batch-norm-layer.ts";
import { type FoundBatchNorm, findBatchNorms } from "../layers/find-batch-norms.ts";
import { eachBatch, type InputData } from "./batches.ts";
import { JoinedMoments } from "./joined-moments.ts";
import { type NormalizeBy, normalizeByBatch } from "./normalize-by-batch.ts";

/** Mean and biased variance of the input of a batch norm layer, one value per channel. */
export interface MeasuredInput {
  readonly found: FoundBatchNorm;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** Options of {@link measureInputs}. */
export interface MeasureOptions {
  /** Selects the batch norm layers by their weights. Undefined selects all. */
  readonly layers?: Selector | undefined;
  readonly batches: number;
  readonly batchSize: number;
  /** The statistics that the layers normalize by during the measurement. */
  readonly normalizeBy: NormalizeBy;
}

/**
 * Runs `data` through the model and measures the inputs of its batch norm layers. Dropout is off and nothing is updated.
 * The result does not depend on how the examples are divided into batches.
 *
 * @throws GraftError if the data contain no batch; NonFiniteError that names the first layer with a mean or variance that is
 *   not finite.
 */
export async function measureInputs(
  model: LayersLike,
  data: InputData,
  { layers, batches, batchSize, normalizeBy }: MeasureOptions,
): Promise<{ readonly measured: readonly MeasuredInput[]; readonly batches: number }> {
  const found = findBatchNorms(model, layers);
  const joined = new Map(found.map((place) => [place, new JoinedMoments()]));
  let pending: { place: FoundBatchNorm; count: number; mean: tf.Tensor; variance: tf.Tensor }[] = [];
  const undo = found.map((place) =>
    overrideCall(place.layer, (previous) => (inputs, kwargs) => {
      const x = onlyTensor(inputs);
      const axis = channelAxis(place.layer, x.rank);
      const compute = (): { y: tf.Tensor | undefined; mean: tf.Tensor; variance: tf.Tensor } =>
        normalizeBy === "batch"
          ? normalizeByBatch(x, place.layer)
          : { y: undefined, ...tf.moments(x, reductionAxes(x.rank, axis)) };
      const { y, mean, variance } = tf.tidy(compute as () => never) as ReturnType<typeof compute>;
      pending.push({
        place,
        count: x.size / (x.shape[axis] as number),
        mean: tf.keep(mean),
        variance: tf.keep(variance),
      });
      return y ?? inferredBy(place.layer, x, () => previous(inputs, kwargs));
    }),
  );
  try {
    const count = await eachBatch(data, { batches, batchSize }, async (inputs) => {
      pending = [];
      const { inputs: declared = [] } = model as unknown as { inputs?: readonly { readonly dtype?: tf.DataType }[] };
      const run = model as unknown as { apply(x: tf.Tensor[]): tf.Tensor | tf.Tensor[] };
      // `predict` casts its inputs, but `apply` does not.
      const cast = (x: tf.Tensor, i: number): tf.Tensor => tf.cast(x, declared[i]?.dtype ?? x.dtype);
      tf.tidy(() => void run.apply(inputs.map(cast)));
      for (const { place, count, mean, variance } of pending) {
        const [m, v] = await Promise.all([mean.data(), variance.data()]);
        tf.dispose([mean, variance]);
        (joined.get(place) as JoinedMoments).add(count, m, v);
      }
    });
    const measured = found.map((place) => ({ found: place, ...(joined.get(place) as JoinedMoments).result() }));
    const wrong = measured.find(({ mean, variance }) => ![...mean, ...variance].every(Number.isFinite));
    if (wrong) {
      throw new NonFiniteError(
        `The inputs of \`${wrong.found.path}\` are not finite.`,
        "Check the data for NaN, and for values that are much larger than the model expects.",
      );
    }
    return { measured, batches: count };
  } finally {
    for (const step of undo) step();
  }
}
