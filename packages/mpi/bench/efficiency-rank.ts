// One rank of bench/efficiency.ts. Rank 0 prints the figures of all ranks as JSON.
//
//   node --import tsx packages/mpi/bench/efficiency-rank.ts SIDE BATCH STEPS       BATCH and STEPS per rank and epoch
import { wasmBackend } from "@graftjs/backend-wasm";
import { sgd } from "@graftjs/core";
import { frozenBatchNorm } from "@graftjs/frozen-bn";
import { fineTune } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { LAST_FOUR, mobileNet } from "../../tuner/bench/backbone.ts";
import { mpi } from "../src/node.ts";

const [side = 224, batch = 16, stepsPerEpoch = 4] = process.argv.slice(2).map(Number);
const collective = mpi();
const { size, rank } = collective;
tf.env().set("PROD", true);
console.warn = () => {};
await wasmBackend({ threads: 1 }).init();

/** Trains the last four blocks on images per rank, and returns the seconds. */
async function train(images: number, epochs: number) {
  const model = await mobileNet(side);
  const count = images * size;
  const labels = tf.tensor1d(
    Array.from({ length: count }, (_, i) => i % 10),
    "int32",
  );
  const data = { xs: tf.randomUniform([count, side, side, 3], 0, 1, "float32", 7), ys: tf.oneHot(labels, 10) };
  collective.barrier();
  const { trunkSeconds, seconds, steps, params, restore } = await fineTune(model, {
    ...{ collective, data, batchSize: batch * size, epochs, shuffle: false },
    loss: "categoricalCrossentropy",
    trainable: [...LAST_FOUR],
    patches: [frozenBatchNorm()],
    rule: sgd(),
    learningRate: 0.001,
  });
  restore();
  model.dispose();
  tf.dispose([data.xs, data.ys, labels]);
  const numbers = params.reduce((sum, { variable }) => sum + variable.size, 0);
  const tail = seconds.slice(1).reduce((sum, s) => sum + s, 0) / (steps - steps / epochs);
  return { trunkSecondsPerImage: trunkSeconds / images, secondsPerStep: tail, bytesPerStep: 4 * numbers + 16 };
}

// The first run compiles the kernels.
const first = await train(batch, 2);
const own = { firstTrunkSecondsPerImage: first.trunkSecondsPerImage, ...(await train(batch * stepsPerEpoch, 3)) };
const all = collective.gather(new TextEncoder().encode(JSON.stringify(own)));
if (rank === 0) console.log(`[${all.map((bytes) => new TextDecoder().decode(bytes)).join()}]`);
