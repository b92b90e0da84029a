/**
 * A peer in its own process. Reads lines `<net> <steps>` from stdin, trains that many steps and answers each line with one line of
 * JSON: milliseconds of each step and the last loss. The peers take turns, so that all of them run under the same load.
 */
import { createInterface } from "node:readline";
import { HookedOptimizer, namedParams, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { nativeBackend } from "../src/adapter.ts";
import { nativeLayers } from "../src/layers/native-layers.ts";
import { cacheFolder, installFolder } from "../src/install/cache.ts";
import { targetFor } from "../src/install/target.ts";
import { WHEELS } from "../src/install/wheels.ts";
import { setNativeEnvironment } from "../src/load/environment.ts";
import { loadInstall } from "../src/load/load.ts";
import { NETS } from "./nets.ts";

const peer = process.argv[2];
if (peer === "stock") {
  const target = targetFor("cpu");
  setNativeEnvironment({});
  loadInstall(installFolder(cacheFolder(), target, WHEELS[target][0]?.version ?? ""));
  tf.setBackend("tensorflow");
} else {
  await (await nativeBackend()).init();
}

const trained = new Map<string, () => Promise<number>>();
for await (const line of createInterface({ input: process.stdin })) {
  const [name = "", steps = "1"] = line.split(" ");
  const step = trained.get(name) ?? (await prepare(name));
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

/** Compiles a net with SGD and momentum, tfjs's for the stock peer and Graft's for the other. Both start with the same weights. */
async function prepare(name: string): Promise<() => Promise<number>> {
  const net = await NETS[name]?.();
  if (!net) throw new Error(`Unknown net ${name}. Known: ${Object.keys(NETS).join(", ")}.`);
  let seed = 1;
  for (const weight of net.pretrained ? [] : net.model.weights) {
    const { shape } = weight;
    if (weight.name.includes("kernel") || weight.name.includes("embeddings")) {
      const fan = tf.util.sizeFromShape(shape.slice(0, -1) as number[]);
      weight.write(tf.randomNormal(shape as number[], 0, Math.sqrt(2 / fan), "float32", seed++));
    }
  }
  const optimizer =
    peer === "stock"
      ? tf.train.momentum(0.01, 0.9)
      : new HookedOptimizer({ params: namedParams(net.model), learningRate: 0.01, rule: sgd({ momentum: 0.9 }) });
  if (peer !== "stock") nativeLayers().apply(net.model);
  net.model.compile({ optimizer: optimizer as tf.Optimizer, loss: "categoricalCrossentropy" });
  return async () => Number(await net.model.trainOnBatch(net.x, net.y));
}
