// One rank of bench/stream.ts, under mpirun. Rank 0 prints the figures of all ranks as JSON.
import { wasmBackend } from "@graftjs/backend-wasm";
import { sgd } from "@graftjs/core";
import { fineTune } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { mpi } from "../src/node.ts";
import { readExamples, WIDTH } from "./stream-file.ts";

const BATCH = 512;
const [file = "", count = ""] = process.argv.slice(2);
const examples = Number(count);
const collective = mpi();
tf.env().set("PROD", true);
await wasmBackend({ threads: 1 }).init();

const kernelInitializer = tfl.initializers.glorotUniform({ seed: 1 });
const model = tfl.sequential({
  layers: [
    tfl.layers.dense({ units: 8, activation: "relu", inputShape: [WIDTH], kernelInitializer, name: "trunk" }),
    tfl.layers.dense({ units: 1, activation: "sigmoid", kernelInitializer, name: "head" }),
  ],
});
const every = Math.max(1, Math.floor(examples / BATCH / 10));
const residentMiB: number[] = [];
let steps = 0;
const { history } = await fineTune(model, {
  collective,
  data: { stream: () => readExamples(file), examples, buffer: 4 * BATCH },
  loss: "binaryCrossentropy",
  trainable: "head",
  rule: sgd(),
  learningRate: 0.1,
  batchSize: BATCH,
  epochs: 1,
  cache: false,
  callbacks: [
    {
      name: "memory",
      stepEnd() {
        if (steps++ % every === 0) residentMiB.push(Math.round(process.memoryUsage.rss() / 2 ** 20));
      },
    },
  ],
});
const figures = { steps, residentMiB, loss: history.loss?.at(-1) };
const all = collective.gather(new TextEncoder().encode(JSON.stringify(figures)));
if (collective.rank === 0) console.log(`[${all.map((bytes) => new TextDecoder().decode(bytes)).join()}]`);
