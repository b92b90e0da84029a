/** Runs a thousand fits of a small convolution net. Writes the resident memory after the first hundred and at the end into rss.json. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { HookedOptimizer, namedParams, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { nativeBackend } from "../src/adapter.ts";

await (await nativeBackend()).init();
const layers = [
  tfl.layers.conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3 }),
  tfl.layers.batchNormalization(),
  tfl.layers.reLU({ maxValue: 6 }),
  tfl.layers.flatten(),
  tfl.layers.dense({ units: 1 }),
];
const model = tfl.sequential({ layers });
model.compile({
  optimizer: new HookedOptimizer({ params: namedParams(model), learningRate: 0.01, rule: sgd({ momentum: 0.9 }) }),
  loss: "meanSquaredError",
});
const [x, y] = [tf.randomNormal([32, 8, 8, 3]), tf.randomNormal([32, 1])];
const samples: number[] = [];
for (let fit = 1; fit <= 1000; fit++) {
  await model.fit(x, y, { epochs: 1, batchSize: 16, verbose: 0 });
  if (fit % 100 === 0) samples.push(Math.round(process.memoryUsage().rss / 1e5) / 10);
}
const growth = (samples.at(-1) as number) / (samples[0] as number) - 1;
const result = {
  fits: 1000,
  megabytesEveryHundred: samples,
  growth: Math.round(growth * 1e4) / 1e4,
  tensors: tf.memory().numTensors,
};
writeFileSync(join(import.meta.dirname, "rss.json"), `${JSON.stringify(result, null, 2)}\n`);
console.log(result);
