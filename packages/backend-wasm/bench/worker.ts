/**
 * Trains nets as one peer in a process of its own. Its argument is the number of threads, 1 by default. It reads lines `<net>
 * <steps>` from stdin, trains that number of steps, and answers with one line of JSON.
 */
import { createInterface } from "node:readline";
import { HookedOptimizer, namedParams, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { fusedLayers, wasmBackend } from "../src/index.ts";
import { BENCH_NETS as NETS } from "./nets.ts";

await wasmBackend({ threads: Number(process.argv[2] ?? 1) }).init();

const trained = new Map<string, () => Promise<number>>();
for await (const line of createInterface({ input: process.stdin })) {
  const [name = "", steps = "1"] = line.split(" ");
  const step = trained.get(name) ?? prepare(name);
  trained.set(name, step);
  const milliseconds: number[] = [];
  let loss = Number.NaN;
  for (let i = 0; i < Number(steps); i++) {
    const began = performance.now();
    loss = await step();
    milliseconds.push(performance.now() - began);
  }
  console.log(JSON.stringify({ milliseconds, loss, tensors: tf.memory().numTensors, rss: process.memoryUsage().rss }));
}

/** Compiles a net with SGD with momentum. Its weights are the same as in packages/backend-node/bench. */
function prepare(name: string): () => Promise<number> {
  const net = NETS[name]?.();
  if (!net) throw new Error(`No net is called ${name}. Use one of ${Object.keys(NETS).join(", ")}.`);
  let seed = 1;
  for (const weight of net.model.weights) {
    const { shape } = weight;
    if (weight.name.includes("kernel") || weight.name.includes("embeddings")) {
      const fan = tf.util.sizeFromShape(shape.slice(0, -1) as number[]);
      weight.write(tf.randomNormal(shape as number[], 0, Math.sqrt(2 / fan), "float32", seed++));
    }
  }
  fusedLayers().apply(net.model as never);
  const optimizer = new HookedOptimizer({
    params: namedParams(net.model),
    learningRate: 0.01,
    rule: sgd({ momentum: 0.9 }),
  });
  net.model.compile({ optimizer: optimizer as tf.Optimizer, loss: "categoricalCrossentropy" });
  return async () => Number(await net.model.trainOnBatch(net.x, net.y));
}
