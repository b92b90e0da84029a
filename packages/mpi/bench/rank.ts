// One rank of the benchmark, under mpirun. Rank 0 prints its figures as JSON.
import { wasmBackend } from "@graftjs/backend-wasm";
import { sgd } from "@graftjs/core";
import { fineTune } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { mpi } from "../src/node.ts";
import { data, net, PROBLEM } from "./problem.ts";

const collective = mpi();
tf.env().set("PROD", true);
await wasmBackend({ threads: 1 }).init();
const { batchSize, epochs, rate, momentum } = PROBLEM;
const [model, examples] = [net(), data()];
collective.barrier();
const began = performance.now();
const { history, params, steps, seconds, trunkSeconds } = await fineTune(model, {
  ...{ collective, data: examples, batchSize, epochs, shuffle: false },
  loss: "categoricalCrossentropy",
  trainable: ["hidden/**", "head/**"],
  rule: sgd({ momentum }),
  learningRate: rate,
});
if (collective.rank === 0) {
  const numbers = params.reduce((sum, { variable }) => sum + variable.size, 0);
  const tail = seconds.slice(1).reduce((sum, s) => sum + s, 0);
  console.log(
    JSON.stringify({
      ranks: collective.size,
      secondsPerStep: tail / ((steps * (epochs - 1)) / epochs),
      trunkSeconds,
      seconds: (performance.now() - began) / 1000,
      bytesPerStep: collective.size === 1 ? 0 : 4 * numbers + 16,
      loss: history.loss.at(-1),
    }),
  );
}
