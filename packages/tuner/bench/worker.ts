// Runs one peer in a separate process: `worker.ts <native|wasm> <stock|fit|graft|uncached> <last4|head> <epochs>`. Prints one line of JSON.
// `stock` is tfjs-layers' `fit` with the kernels of tfjs-node; `fit` is the same with the kernels of our backend.

import { nativeBackend, nativeLayers } from "@graftjs/backend-node";
import { wasmBackend } from "@graftjs/backend-wasm";
import { namedParams, selectParams, sgd } from "@graftjs/core";
import { frozenBatchNorm } from "@graftjs/frozen-bn";
import * as tf from "@tensorflow/tfjs-core";
import { fineTune, planFineTune } from "../src/index.ts";
import { LAST_FOUR, mobileNet, multiplications } from "./backbone.ts";

const [backend, peer, task, epochsText] = process.argv.slice(2) as [string, string, string, string];
const epochs = Number(epochsText);
await (backend === "native" ? await nativeBackend({ fused: peer !== "stock" }) : wasmBackend()).init();
const [EXAMPLES, BATCH] = [256, 16];
const trainable = task === "head" ? ["new_head/**"] : LAST_FOUR;
const xs = tf.randomUniform([EXAMPLES, 224, 224, 3], 0, 1, "float32", 7);
const numbers = tf.tensor1d(
  Array.from({ length: EXAMPLES }, (_, i) => i % 10),
  "int32",
);
const ys = tf.cast(tf.oneHot(numbers, 10), "float32");
const model = await mobileNet();

// Time counts from the moment when the bench started this process, so it includes loading Node, sources, kernels, model and data.
const started = Number(process.env.GRAFT_STARTED ?? performance.timeOrigin);
const sinceStart = (): number => (performance.timeOrigin + performance.now() - started) / 1000;
const setupSeconds = sinceStart();
const loss = await (peer === "stock" || peer === "fit" ? stock() : graft());
const seconds = sinceStart();
// maxRSS is in kilobytes on Linux.
const peakRss = process.resourceUsage().maxRSS * 1024;
const { user, system } = process.cpuUsage();
const cpuSeconds = (user + system) / 1e6;
console.log(
  JSON.stringify({ backend, peer, task, epochs, seconds, setupSeconds, cpuSeconds, peakRss, loss, ...extra() }),
);
process.exit(0);

async function stock(): Promise<number[]> {
  const chosen = new Set(
    selectParams(namedParams(model, { frozen: true }), trainable, "bench").map(({ layer }) => layer),
  );
  for (const layer of model.layers) layer.trainable = chosen.has(layer.name);
  model.compile({ optimizer: tf.train.momentum(0.01, 0.9), loss: "categoricalCrossentropy" });
  const { history } = await model.fit(xs, ys, { epochs, batchSize: BATCH, shuffle: false, verbose: 0 });
  return history.loss as number[];
}

async function graft(): Promise<number[]> {
  const options = {
    data: { xs, ys },
    loss: "categoricalCrossentropy",
    trainable,
    patches: [frozenBatchNorm(), ...(backend === "native" ? [nativeLayers()] : [])],
    rule: sgd({ momentum: 0.9 }),
    learningRate: 0.01,
    epochs,
    batchSize: BATCH,
    shuffle: false,
    cache: peer === "uncached" ? false : "memory",
  } as const;
  const predicted = process.env.GRAFT_PLAN ? (await planFineTune(model, options)).predicted : undefined;
  const result = await fineTune(model, options);
  result.restore();
  facts = {
    trunkSeconds: result.trunkSeconds,
    epochSeconds: result.seconds,
    peakBytes: result.peakBytes,
    cacheBytes: result.plan.cache.bytes,
    trunk: `${result.plan.trunk.layers} of ${result.plan.trunk.of}`,
    multiplications: multiplications(model, new Set(result.params.map(({ layer }) => layer))),
    predicted,
  };
  return [...result.history.loss];
}

// Set by `graft`, which is called above.
var facts: object | undefined;
function extra(): object {
  return facts ?? {};
}
