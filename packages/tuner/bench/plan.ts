// `tsx bench/plan.ts` compares predicted peak bytes of tensors and activations with a count of every tensor created and freed in the run,
// for five runs on two backends. Writes plan.json. Called with the name of a backend, it measures only that and prints lines of JSON.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { nativeBackend } from "@graftjs/backend-node";
import { wasmBackend } from "@graftjs/backend-wasm";
import { adam } from "@graftjs/core";
import { frozenBatchNorm } from "@graftjs/frozen-bn";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { type FineTuneOptions, fineTune, planFineTune } from "../src/index.ts";
import { convNet, mlp } from "../test/nets.ts";
import { peakOf } from "../test/tensor-count.ts";
import { LAST_FOUR, mobileNet } from "./backbone.ts";

interface Case {
  readonly net: string;
  readonly make: () => layers.LayersModel | Promise<layers.LayersModel>;
  readonly trainable: FineTuneOptions["trainable"];
  readonly patches?: FineTuneOptions["patches"];
  readonly unfreeze?: FineTuneOptions["unfreeze"];
}

const cases: readonly Case[] = [
  { net: "mlp, head", make: () => mlp(), trainable: "head" },
  {
    net: "convNet, head, then all",
    make: () => convNet(),
    trainable: "head",
    unfreeze: [{ epoch: 1, trainable: "**" }],
  },
  { net: "convNet, all", make: () => convNet(), trainable: "**" },
  {
    net: "MobileNetV2 96×96, last four blocks",
    make: () => mobileNet(96),
    trainable: LAST_FOUR,
    patches: [frozenBatchNorm()],
  },
  { net: "MobileNetV2 96×96, all, batch norm moving", make: () => mobileNet(96), trainable: "**" },
];

async function measure(backend: string): Promise<void> {
  await (backend === "native" ? await nativeBackend() : wasmBackend()).init();
  for (const { net, make, trainable, patches = [], unfreeze = [] } of cases) {
    const model = await make();
    const shape = (model.inputs[0]?.shape ?? []).slice(1) as number[];
    const classes = model.outputs[0]?.shape[1] as number;
    const xs = tf.randomUniform([32, ...shape], 0, 1, "float32", 7);
    const ys = tf.tidy(() => tf.oneHot(tf.tensor1d(new Int32Array(32), "int32"), classes));
    const run = {
      loss: "categoricalCrossentropy",
      rule: adam(),
      learningRate: 1e-3,
      epochs: 2,
      batchSize: 16,
    } as const;
    const options = { ...run, data: { xs, ys }, trainable, patches, unfreeze };
    const planned = await planFineTune(model, options);
    const { value, peak } = await peakOf(() => fineTune(model, options));
    value.restore();
    const { predicted, tape } = planned;
    const ratio = (predicted?.peakBytes as number) / peak;
    const facts = { predictedPeak: predicted?.peakBytes, told: value.peakBytes, peak, ratio };
    console.log(JSON.stringify({ backend, net, ...facts, tapeEstimate: tape.bytes, tape: predicted?.tapeBytes }));
    model.dispose();
    tf.dispose([xs, ys]);
  }
}

const [only] = process.argv.slice(2);
if (only) {
  await measure(only);
  process.exit(0);
}
const tsx = join(import.meta.dirname, "../../../node_modules/.bin/tsx");
const rows = ["native", "wasm"].flatMap((backend) => {
  const { stdout } = spawnSync(tsx, [import.meta.filename, backend], { encoding: "utf8" });
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => JSON.parse(line) as object);
});
writeFileSync(join(import.meta.dirname, "plan.json"), `${JSON.stringify(rows, null, 2)}\n`);
console.table(rows);
