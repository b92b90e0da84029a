/**
 * `mpirun -n 2 npx tsx federated.ts` in this folder: two sites learn four classes together, although each site has examples of two classes
 * only and shows them to nobody.
 */
import "@tensorflow/tfjs-backend-cpu";
import { adam } from "@graftjs/core";
import { mpi } from "@graftjs/mpi/node";
import { fineTune } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { federatedAveraging } from "./federated-averaging.ts";

const CLASSES = 4;
tf.enableProdMode();
await tf.setBackend("cpu");
const collective = mpi();

/** Draws points around one corner of a square for each class. */
function points(count: number, classes: readonly number[], seed: number) {
  const labels = Array.from({ length: count }, (_, i) => classes[i % classes.length] as number);
  const corners = labels.map((label) => [label & 1 ? 1 : -1, label & 2 ? 1 : -1]);
  const noise = tf.randomNormal([count, 2], 0, 0.3, "float32", seed);
  return { xs: tf.add(noise, tf.tensor2d(corners)), ys: tf.oneHot(tf.tensor1d(labels, "int32"), CLASSES) };
}

function net(): tfl.LayersModel {
  const kernelInitializer = tfl.initializers.glorotUniform({ seed: 1 });
  return tfl.sequential({
    layers: [tfl.layers.dense({ units: CLASSES, activation: "softmax", inputShape: [2], kernelInitializer })],
  });
}

const { rank, size } = collective;
const own = [0, 1, 2, 3].filter((label) => Math.floor((label * size) / CLASSES) === rank);
// The sites have different numbers of examples.
const examples = 60 + 20 * rank;
for (const together of [false, true]) {
  const { history } = await fineTune(net(), {
    data: points(examples, own, 2 + rank),
    validation: points(80, [0, 1, 2, 3], 1),
    loss: "categoricalCrossentropy",
    metrics: ["accuracy"],
    trainable: "all",
    rule: adam(),
    learningRate: 0.05,
    batchSize: 20,
    epochs: 8,
    callbacks: together ? [federatedAveraging(collective, examples)] : [],
  });
  const accuracy = history.val_acc?.at(-1)?.toFixed(2);
  console.log(`site ${rank} ${together ? "with the others" : "alone"}: accuracy ${accuracy}`);
}
