import { adam } from "@graftjs/core";
import { frozenBatchNorm } from "@graftjs/frozen-bn";
import { lora, ssf } from "@graftjs/lora";
import { type FineTuneOptions, fineTune, saveDelta } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";

/** A way to fine-tune. All keep the statistics of batch norm frozen. */
interface Method extends Pick<FineTuneOptions, "patches" | "trainable" | "learningRate" | "rateMultipliers"> {
  /** Whether the method needs a model without batch norm, see `folded`. */
  readonly folds?: boolean;
}

const HEAD_RATE = 0.01;

/** Options with a rate for the body. The new head has the same rate in all methods. */
const rates = (learningRate: number): Pick<Method, "learningRate" | "rateMultipliers"> => ({
  learningRate,
  rateMultipliers: [{ params: "head", factor: HEAD_RATE / learningRate }],
});

/** The methods that are compared. Each call makes new adapters. */
export const METHODS: Readonly<Record<string, () => Method>> = {
  "head only": () => ({ patches: [frozenBatchNorm()], trainable: "head", ...rates(HEAD_RATE) }),
  "BN affine": () => ({ patches: [frozenBatchNorm()], trainable: ["norm", "head"], ...rates(0.002) }),
  "LoRA, rank 4": () => ({
    patches: [frozenBatchNorm(), lora({ rank: 4, alpha: 4 })],
    trainable: ["role:lora_a", "role:lora_b", "head"],
    ...rates(0.001),
  }),
  // SSF needs a bias, which the convolutions have once the batch norms are folded into them.
  SSF: () => ({
    folds: true,
    patches: [ssf()],
    trainable: ["role:ssf_scale", "role:ssf_shift", "head"],
    ...rates(0.002),
  }),
  "last blocks": () => ({
    patches: [frozenBatchNorm()],
    trainable: ["block_15*/**", "block_16*/**", "Conv_1*/**", "head"],
    ...rates(0.0005),
  }),
  full: () => ({ patches: [frozenBatchNorm()], trainable: "all", ...rates(0.0003) }),
};

/** Pictures [n, side, side, 3] and one-hot labels [n, classes]. */
export interface Pictures {
  readonly xs: tf.Tensor;
  readonly ys: tf.Tensor;
}

/** Figures of one method. */
export interface Row {
  readonly method: string;
  /** Share of right answers on new pictures of the maker that the method trained on. */
  readonly accuracy: number;
  /** The same on the same emoji of another maker. */
  readonly shifted: number;
  readonly trained: number;
  /** Bytes of the delta with all trained parameters. */
  readonly fileBytes: number;
  /** Wall time of the run, with the pass of the trunk that fills the cache. */
  readonly seconds: number;
  /** Largest number of bytes that tensors took at once. */
  readonly peakBytes: number;
}

/** Trains a model by one method and tests it. The adapters are removed afterwards; the other weights stay as trained. */
export async function tune(
  model: LayersModel,
  method: string,
  { train, test, shifted }: Readonly<Record<"train" | "test" | "shifted", Pictures>>,
  epochs: number,
): Promise<Row> {
  const start = performance.now();
  const { folds: _, ...options } = (METHODS[method] as () => Method)();
  const result = await fineTune(model, {
    ...{ data: train, loss: "categoricalCrossentropy", rule: adam(), batchSize: 16, seed: 1, epochs },
    ...options,
  });
  const seconds = (performance.now() - start) / 1000;
  const row = {
    ...{ method, accuracy: accuracy(model, test), shifted: accuracy(model, shifted), seconds },
    ...{ peakBytes: result.peakBytes, fileBytes: (await saveDelta(model, result)).byteLength },
    trained: result.params.reduce((sum, { variable }) => sum + variable.size, 0),
  };
  result.restore();
  return row;
}

/** Returns the share of pictures whose most probable class is right. */
function accuracy(model: LayersModel, { xs, ys }: Pictures): number {
  return tf.tidy(() => {
    const classes = tf.argMax(model.predict(xs, { batchSize: 60 }) as tf.Tensor, 1);
    return tf.mean(tf.cast(tf.equal(classes, tf.argMax(ys, 1)), "float32")).dataSync()[0] as number;
  });
}
