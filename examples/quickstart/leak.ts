// `pnpm --filter example-quickstart leak` counts tensors before and after 1,000 steps of the recipe on the recipe's backend.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openBackend } from "@graftjs/backend";
import { plugins as wasm } from "@graftjs/backend-wasm";
import { plugins as corePlugins } from "@graftjs/core";
import { plugins as frozenBn } from "@graftjs/frozen-bn";
import { plugins as surgery } from "@graftjs/gradient-surgery";
import { plugins as lars } from "@graftjs/lars";
import { createRegistry, type Recipe } from "@graftjs/registry";
import { plugins as transforms } from "@graftjs/transforms";
import { fineTune } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { loadBase } from "./base.ts";
import { withNewHead } from "./model.ts";
import { digitsTask } from "./task.ts";

const STEPS = Number(process.argv[2] ?? 1000);
const recipe = JSON.parse(readFileSync(join(import.meta.dirname, "recipe.json"), "utf8")) as Recipe;
const {
  backends,
  trainable = "all",
  ...composed
} = await createRegistry([corePlugins, transforms, wasm, frozenBn, surgery, lars]).resolve(recipe);
await openBackend(backends);
const { xs, ys } = digitsTask(1, { testPerClass: 1 }).train;
const [few, labels] = tf.tidy(() => [tf.gather(xs, [0, 100, 200, 300]), tf.gather(ys, [0, 100, 200, 300])] as const);
const model = withNewHead(await loadBase(), 7);
const { patches, hooks, rule } = composed;
const options = {
  data: { xs: few, ys: labels },
  loss: "categoricalCrossentropy" as const,
  batchSize: 4,
  patches,
  hooks,
  rule,
  learningRate: 0.05, // The schedule of the recipe has the length of another run.
  trainable,
};

// A short run comes first, because tensors that tfjs creates once are not a leak.
(await fineTune(model, { ...options, epochs: 2 })).restore();
const before = tf.memory().numTensors;
const result = await fineTune(model, { ...options, epochs: STEPS });
result.restore();
const leaked = tf.memory().numTensors - before;
console.log(JSON.stringify({ steps: result.steps, tensorsBefore: before, tensorsLeaked: leaked }));
process.exitCode = leaked === 0 ? 0 : 1;
