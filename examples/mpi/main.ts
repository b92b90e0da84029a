/**
 * `pnpm --filter example-mpi start` trains on one process. `mpirun -n 2 npx tsx main.ts` in this folder trains on two, and gives the same
 * weights up to rounding. The program is the same.
 */
import { wasmBackend } from "@graftjs/backend-wasm";
import { adam } from "@graftjs/core";
import { mpi } from "@graftjs/mpi/node";
import { fineTune } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

const collective = mpi();
// The ranks share the machine, so each takes one thread.
await wasmBackend({ threads: 1 }).init();

const init = (seed: number) => tfl.initializers.glorotUniform({ seed });
const model = tfl.sequential({
  layers: [
    tfl.layers.conv2d({
      ...{ inputShape: [16, 16, 1], filters: 8, kernelSize: 3, strides: 2, activation: "relu", name: "edges" },
      kernelInitializer: init(1),
    }),
    tfl.layers.flatten({ name: "flat" }),
    tfl.layers.dense({ units: 16, activation: "relu", name: "middle", kernelInitializer: init(2) }),
    tfl.layers.dense({ units: 2, activation: "softmax", name: "head", kernelInitializer: init(3) }),
  ],
});

/** Draws noisy pictures with a bright bar: lying for class 0, upright for class 1. */
function pictures(count: number, seed: number): { xs: tf.Tensor; ys: tf.Tensor } {
  return tf.tidy(() => {
    const noise = tf.randomNormal([count, 16, 16, 1], 0, 0.5, "float32", seed);
    const labels = tf.tensor1d(
      Array.from({ length: count }, (_, i) => i % 2),
      "int32",
    );
    const at = tf.oneHot(
      tf.tensor1d(
        Array.from({ length: count }, (_, i) => (i * 7) % 16),
        "int32",
      ),
      16,
    );
    const lying = tf.tile(tf.reshape(at, [count, 16, 1, 1]), [1, 1, 16, 1]);
    const upright = tf.transpose(lying, [0, 2, 1, 3]);
    const bars = tf.where(tf.equal(tf.reshape(labels, [count, 1, 1, 1]), 1), upright, lying);
    return { xs: tf.add(noise, tf.cast(bars, "float32")), ys: tf.oneHot(labels, 2) };
  });
}

const { history, steps } = await fineTune(model, {
  collective,
  data: pictures(400, 1),
  validation: pictures(100, 2),
  loss: "categoricalCrossentropy",
  metrics: ["accuracy"],
  trainable: ["middle/**", "head/**"],
  rule: adam(),
  learningRate: 0.003,
  batchSize: 20,
  epochs: 6,
});
if (collective.rank === 0) {
  const [loss, accuracy] = [history.val_loss?.at(-1), history.val_acc?.at(-1)];
  console.log(`${steps} steps on ${collective.size} rank(s)`);
  console.log(`validation: loss ${loss?.toFixed(4)}, accuracy ${accuracy}`);
}
