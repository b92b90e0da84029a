// Trains with a hook of its own that a recipe names, then saves and resumes the run. Prints the losses of an uninterrupted run and
// of the same run if it is stopped after 40 steps and resumed from its files.
import "@tensorflow/tfjs-backend-cpu";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plugins as corePlugins, HookedOptimizer, loadState, namedParams, saveState } from "@graftjs/core";
import { createRegistry, type Recipe } from "@graftjs/registry";
import { plugins as transforms } from "@graftjs/transforms";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { plugin } from "./grokfast.ts";
import { examples, model } from "./model.ts";

await tf.setBackend("cpu");
const recipe = JSON.parse(await readFile(join(import.meta.dirname, "recipe.json"), "utf8")) as Recipe;
const registry = createRegistry([corePlugins, transforms, plugin]);
console.log(`${await registry.explain(recipe)}\n`);

const { x, y } = examples();

async function optimizerFor(net: layers.LayersModel): Promise<HookedOptimizer> {
  const { hooks, rule, learningRate } = await registry.resolve(recipe);
  return new HookedOptimizer({ params: namedParams(net), hooks, rule, learningRate });
}

function train(net: layers.LayersModel, optimizer: HookedOptimizer, until: number): void {
  const loss = (): tf.Scalar => tf.losses.meanSquaredError(y, net.predict(x) as tf.Tensor) as tf.Scalar;
  while (optimizer.step < until) {
    optimizer.minimize(loss, false);
    if (optimizer.step % 20 === 0) {
      const value = tf.tidy(() => loss().dataSync()[0] as number);
      console.log(`step ${optimizer.step}  loss ${value.toFixed(6)}`);
    }
  }
}

console.log("in one go");
const straight = model();
train(straight, await optimizerFor(straight), 80);

console.log("stopped at 40, saved, resumed");
const folder = await mkdtemp(join(tmpdir(), "custom-hook-"));
const first = model();
const stopped = await optimizerFor(first);
train(first, stopped, 40);
const { data, ...head } = await saveState(stopped);
const weights = first.getWeights().map((weight) => [...weight.dataSync()]);
await writeFile(join(folder, "state.json"), JSON.stringify({ head, weights }));
await writeFile(join(folder, "state.bin"), data);

const second = model();
const read = JSON.parse(await readFile(join(folder, "state.json"), "utf8")) as {
  head: typeof head;
  weights: number[][];
};
second.setWeights(second.getWeights().map((weight, i) => tf.tensor(read.weights[i] as number[], weight.shape)));
const resumed = await optimizerFor(second);
loadState(resumed, { ...read.head, data: new Uint8Array(await readFile(join(folder, "state.bin"))) });
train(second, resumed, 80);
await rm(folder, { recursive: true });

const same = second.getWeights().every((weight, i) => {
  const other = (straight.getWeights()[i] as tf.Tensor).dataSync();
  return weight.dataSync().every((value, k) => Object.is(value, other[k]));
});
console.log(same ? "the weights are the same, bit for bit" : "the weights differ");
