import { type BackendAdapter, type ModelPatch, namedWeights } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { mobilenetV2 } from "./backbone.ts";

/** The parameters that train: gamma and beta, or beta only. The bias of the head trains in both cases. */
export type Tuning = "affine" | "bias";

/** One way to take a training step. */
export interface Variant {
  readonly name: string;
  readonly adapter: BackendAdapter;
  readonly patch?: ModelPatch;
  /** The `training` option of the layers. If true, stock batch norm uses batch statistics; if false, the running ones. */
  readonly training: boolean;
}

/** A model with its data and optimizer. */
export interface Trainer {
  readonly variant: Variant;
  /** Takes one step of SGD. Returns the loss before the step. */
  step(): Promise<number>;
  /** Takes one step under `tf.profile`. Returns the loss and the peak of tensor bytes, without those of other trainers. */
  profiledStep(): Promise<{ readonly loss: number; readonly peakBytes: number }>;
  /** Reads all running statistics of the model. */
  statistics(): Float32Array;
  dispose(): void;
}

const CLASSES = 10;
const RATE = 0.01;

/** Makes a trainer of MobileNetV2 with a head of ten classes. */
export async function trainer(variant: Variant, tuning: Tuning, size: number, batch: number): Promise<Trainer> {
  const before = tf.memory().numBytes;
  const backbone = await mobilenetV2(size);
  const pooled = tfl.layers.globalAveragePooling2d({ name: "pool" } as never).apply(backbone.outputs);
  const kernelInitializer = tfl.initializers.randomNormal({ stddev: 0.02, seed: 3 });
  const head = tfl.layers.dense({ units: CLASSES, kernelInitializer, name: "head" });
  const model = tfl.model({ inputs: backbone.inputs, outputs: head.apply(pooled) as tfl.SymbolicTensor });
  const roles = new Set(tuning === "affine" ? ["gamma", "beta", "bias"] : ["beta", "bias"]);
  for (const layer of model.layers) layer.trainable = true;
  const variables: tf.Variable[] = [];
  for (const { role, variable } of namedWeights(model)) {
    variable.trainable = roles.has(role);
    if (variable.trainable) variables.push(variable);
  }
  // Layers keep their own copy of the flag.
  for (const { weights } of model.layers) {
    for (const weight of weights as unknown as { trainable: boolean; read(): tf.Variable }[]) {
      weight.trainable = weight.read().trainable;
    }
  }
  const handle = variant.patch?.apply(model);
  const x = tf.randomUniform([batch, size, size, 3], 0, 1, "float32", 7);
  const y = tf.oneHot(tf.range(0, batch, 1, "int32"), CLASSES);
  const optimizer = tf.train.sgd(RATE);
  const loss = (): tf.Scalar => {
    const logits = model.apply(x, { training: variant.training }) as tf.Tensor;
    return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), y), 1))) as tf.Scalar;
  };
  const minimize = (): tf.Scalar => optimizer.minimize(loss, true, variables) as tf.Scalar;
  const ownBytes = tf.memory().numBytes - before;
  return {
    variant,
    async step() {
      const value = minimize();
      const [number] = await value.data();
      value.dispose();
      return number as number;
    },
    async profiledStep() {
      const others = tf.memory().numBytes - ownBytes;
      const kept: tf.Scalar[] = [];
      const { peakBytes } = await tf.profile(() => {
        kept.push(minimize());
      });
      const [value] = kept as [tf.Scalar];
      const [loss] = await value.data();
      value.dispose();
      return { loss: loss as number, peakBytes: peakBytes - others };
    },
    statistics() {
      const statistics = namedWeights(model).filter(({ statistic }) => statistic);
      return Float32Array.from(statistics.flatMap(({ variable }) => [...variable.dataSync()]));
    },
    dispose() {
      handle?.restore();
      model.dispose();
      optimizer.dispose();
      tf.dispose([x, y]);
    },
  };
}
