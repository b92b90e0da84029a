import { type LayersLike, NonFiniteError, type Selector } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { channelAxis, reductionAxes } from "../layers/batch-norm-layer.ts";
import { onlyTensor } from "../layers/callable-layer.ts";
import { type FoundBatchNorm, findBatchNorms } from "../layers/find-batch-norms.ts";
import { overrideCall } from "../layers/override-call.ts";
import { eachBatch, type InputData } from "./batches.ts";
import { type NormalizeBy, normalizeByBatch } from "./normalize-by-batch.ts";

/** Mean and biased variance of what enters a batch norm layer, over all values of a channel. */
export interface Measured {
  readonly found: FoundBatchNorm;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

export interface MeasureOptions {
  readonly layers?: Selector | undefined;
  readonly batches: number;
  readonly batchSize: number;
  /** By what the layers normalise meanwhile. */
  readonly normalizeBy: NormalizeBy;
}

/**
 * Runs `data` through the model (dropout off, nothing updated) and measures the inputs of its batch norm layers.
 *
 * Batches are joined in float64 by the parallel formula of Chan, Golub & LeVeque 1983, so that the result is that of all examples
 * at once, whatever their number a batch.
 *
 * @throws NonFiniteError naming the first layer with a mean or variance that is not finite.
 */
export async function measure(
  model: LayersLike,
  data: InputData,
  { layers, batches, batchSize, normalizeBy }: MeasureOptions,
): Promise<{ readonly measured: readonly Measured[]; readonly batches: number }> {
  const found = findBatchNorms(model, layers);
  const sums = new Map(found.map((place) => [place, new Sum()]));
  let pending: { place: FoundBatchNorm; count: number; mean: tf.Tensor; variance: tf.Tensor }[] = [];
  const undo = found.map((place) =>
    overrideCall(place.layer, (former) => (inputs, kwargs) => {
      const x = onlyTensor(inputs);
      const axis = channelAxis(place.layer, x.rank);
      const look = (): { y: tf.Tensor | undefined; mean: tf.Tensor; variance: tf.Tensor } =>
        normalizeBy === "batch"
          ? normalizeByBatch(x, place.layer)
          : { y: undefined, ...tf.moments(x, reductionAxes(x.rank, axis)) };
      const { y, mean, variance } = tf.tidy(look as () => never) as ReturnType<typeof look>;
      pending.push({
        place,
        count: x.size / (x.shape[axis] as number),
        mean: tf.keep(mean),
        variance: tf.keep(variance),
      });
      return y ?? former(inputs, kwargs);
    }),
  );
  try {
    const seen = await eachBatch(data, { batches, batchSize }, async (inputs) => {
      pending = [];
      const run = model as unknown as { apply(x: tf.Tensor[]): tf.Tensor | tf.Tensor[] };
      tf.tidy(() => void run.apply(inputs));
      for (const { place, count, mean, variance } of pending) {
        const [m, v] = await Promise.all([mean.data(), variance.data()]);
        tf.dispose([mean, variance]);
        (sums.get(place) as Sum).add(count, m, v);
      }
    });
    const measured = found.map((place) => ({ found: place, ...(sums.get(place) as Sum).result() }));
    const wrong = measured.find(({ mean, variance }) => ![...mean, ...variance].every(Number.isFinite));
    if (wrong) {
      throw new NonFiniteError(
        `The inputs of \`${wrong.found.path}\` are not finite.`,
        "Check the data for NaN and for values of a scale that the model does not expect.",
      );
    }
    return { measured, batches: seen };
  } finally {
    for (const step of undo) step();
  }
}

/** Mean and variance of a growing set, joined batch by batch. */
class Sum {
  #count = 0;
  #mean = new Float64Array();
  #squares = new Float64Array();

  add(count: number, mean: ArrayLike<number>, variance: ArrayLike<number>): void {
    if (this.#count === 0) {
      this.#mean = new Float64Array(mean.length);
      this.#squares = new Float64Array(mean.length);
    }
    const total = this.#count + count;
    for (let i = 0; i < mean.length; i++) {
      const delta = (mean[i] as number) - (this.#mean[i] as number);
      this.#squares[i] =
        (this.#squares[i] as number) + (variance[i] as number) * count + (delta * delta * this.#count * count) / total;
      this.#mean[i] = (this.#mean[i] as number) + (delta * count) / total;
    }
    this.#count = total;
  }

  result(): { mean: Float64Array; variance: Float64Array } {
    return { mean: this.#mean, variance: this.#squares.map((sum) => sum / this.#count) };
  }
}
