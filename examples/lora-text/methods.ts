import type { BlockModel } from "@graftjs/blocks";
import { adam } from "@graftjs/core";
import { lora } from "@graftjs/lora";
import { type FineTuneOptions, fineTune, type StoredTensor, writeSafetensors } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";

/** A way to fine-tune the classifier. */
export type Method = Pick<FineTuneOptions, "trainable" | "learningRate" | "epochs"> & Partial<FineTuneOptions>;

const ADAPTERS = ["role:lora_a", "role:lora_b", "head"];

/** The methods that are compared. Each call makes new adapters. */
export const METHODS: Readonly<Record<string, () => Method>> = {
  "head only": () => ({ trainable: "head", learningRate: 0.01, epochs: 20 }),
  "LoRA, rank 4, query and value": () => ({
    patches: [lora({ rank: 4, alpha: 4, target: { include: ["**/query/kernel", "**/value/kernel"] } })],
    ...{ trainable: { include: ADAPTERS }, learningRate: 0.001, epochs: 3 },
  }),
  "LoRA, rank 8, all layers": () => ({
    patches: [lora({ rank: 8, alpha: 8 })],
    ...{ trainable: { include: ADAPTERS }, learningRate: 0.0005, epochs: 3 },
  }),
  full: () => ({ trainable: "all", learningRate: 0.00005, epochs: 3 }),
};

/** Results of one method. */
export interface Row {
  readonly method: string;
  /** Share of the test texts with the right topic after the last epoch. */
  readonly accuracy: number;
  readonly trained: number;
  /** Bytes of a safetensors file with the trained parameters. */
  readonly fileBytes: number;
  /** Wall time of the run, with the pass of the trunk that fills the cache. */
  readonly seconds: number;
  /** Wall time of one step of training, median. */
  readonly secondsPerStep: number;
  /** Largest number of bytes that tensors took at once. */
  readonly peakBytes: number;
  readonly cachedBlocks: number;
}

/** Texts as the classifier takes them, with the indices of their topics. */
export interface Examples {
  readonly xs: { readonly ids: tf.Tensor2D; readonly mask: tf.Tensor2D };
  readonly ys: tf.Tensor1D;
}

/** Trains by one method and tests the result. The adapters are removed afterwards; the other weights stay as trained. */
export async function tune(model: BlockModel, method: string, train: Examples, test: Examples): Promise<Row> {
  const steps: number[] = [];
  let last = performance.now();
  const stepEnd = (): void => {
    const now = performance.now();
    steps.push((now - last) / 1000);
    last = now;
  };
  const start = performance.now();
  const { params, plan, peakBytes, restore } = await fineTune(model, {
    ...{ data: train, loss: "sparseSoftmaxCrossEntropy", rule: adam(), batchSize: 8, seed: 1 },
    ...(METHODS[method] as () => Method)(),
    observers: [{ name: "step-times", stepEnd }],
  });
  const seconds = (performance.now() - start) / 1000;
  const row = {
    ...{ method, accuracy: accuracyOf(model, test), seconds, peakBytes },
    trained: params.reduce((sum, { variable }) => sum + variable.size, 0),
    fileBytes: writeSafetensors(new Map(params.map(({ name, variable }) => [name, stored(variable)]))).byteLength,
    secondsPerStep: steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0,
    cachedBlocks: plan.trunk.layers,
  };
  restore();
  return row;
}

/** Returns the share of the examples whose topic has the largest logit. */
export function accuracyOf(model: BlockModel, { xs: { ids, mask }, ys }: Examples): number {
  const [count] = ids.shape;
  let right = 0;
  for (let from = 0; from < count; from += BATCH) {
    right += tf.tidy(() => {
      const rows = (x: tf.Tensor): tf.Tensor => tf.slice(x, from, Math.min(BATCH, count - from));
      const [logits] = model.predict([rows(ids), rows(mask)]);
      return tf.sum(tf.equal(tf.argMax(logits as tf.Tensor, -1), rows(ys))).dataSync()[0] as number;
    });
  }
  return right / count;
}

const BATCH = 50;

function stored(variable: tf.Variable): StoredTensor {
  return { dtype: "F32", shape: variable.shape, data: new Uint8Array(variable.dataSync().slice().buffer) };
}
