// Trains adapters that Graft made itself, and writes them for check_peft.py: tsx write-for-peft.mts <folder>
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gradientDescent, HookedOptimizer, namedParams } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { type AdapterPatch, dora, ia3, lokr, lora } from "../../src/index.ts";
import { writePeft } from "../../src/peft.ts";
import { baseOf, cases, channelsLast, type PeftCase, storedOf } from "../peft-cases.ts";

const both = ["first/kernel", "second/kernel"];
const nested = ["body/first/kernel", "body/second/kernel"];
const PATCHES: Readonly<Record<string, () => AdapterPatch>> = {
  "lora-dense": () => lora({ target: both, rank: 3 }),
  "lora-rank-stabilized": () =>
    lora({ target: nested, rank: 4, patterns: [{ target: "body/second/kernel", rank: 2, alpha: 3 }] }),
  "lora-head": () => lora({ target: nested, rank: 2, scaling: "standard", dropout: 0.1, seed: 5 }),
  "lora-conv2d": () => lora({ target: ["conv/kernel", "point/kernel"], rank: 2 }),
  "lora-conv1d": () => lora({ target: ["conv/kernel", "strided/kernel"], rank: 2 }),
  "lora-embedding": () => lora({ target: ["embed/embeddings", "head/kernel"], rank: 2, alpha: 1 }),
  "lora-pissa": () => lora({ target: both, rank: 2, initialization: "pissa" }),
  "dora-dense": () => dora({ target: both, rank: 2 }),
  "dora-conv2d": () => dora({ target: ["conv/kernel", "point/kernel"], rank: 2 }),
  "dora-conv1d": () => dora({ target: ["conv/kernel", "strided/kernel"], rank: 2 }),
  "dora-embedding": () => dora({ target: "embed/embeddings", rank: 2, alpha: 1 }),
  "ia3-dense": () => ia3({ target: both, feedforward: "first/kernel" }),
  "ia3-conv2d": () => ia3({ target: ["conv/kernel", "point/kernel"], feedforward: "point/kernel" }),
  "lokr-decomposed": () => lokr({ target: both, rank: 1, alpha: 2 }),
  "lokr-conv2d": () => lokr({ target: ["conv/kernel", "point/kernel"], rank: 1, alpha: 2 }),
  "lokr-conv1d": () => lokr({ target: "strided/kernel", rank: 1 }),
  "lora-expressions": () => lora({ target: nested, rank: 2 }),
  "lokr-full": () => lokr({ target: both, factor: 2 }),
};

async function write(name: string, net: PeftCase, folder: string): Promise<void> {
  const stored = storedOf(name);
  const model = baseOf(net, stored);
  const [x, y] = [channelsLast(stored, "input"), channelsLast(stored, "target")];
  const handle = PATCHES[name]?.().apply(model) as ReturnType<AdapterPatch["apply"]>;
  const head = name === "lora-head" ? namedParams(model).filter(({ layer }) => layer === "head") : [];
  const params = [...handle.added, ...head];
  const optimizer = new HookedOptimizer({ params, rule: gradientDescent(), learningRate: 0.05 });
  for (let step = 0; step < 50; step++)
    optimizer.minimize(() => tf.losses.meanSquaredError(y, model.apply(x, { training: true }) as tf.Tensor));
  mkdirSync(join(folder, name), { recursive: true });
  for (const [file, content] of Object.entries(await writePeft(handle, { modulesToSave: head })))
    writeFileSync(join(folder, name, file), content);
  const outputs = [...((model.predict(x) as tf.Tensor).dataSync() as Float32Array)];
  writeFileSync(join(folder, name, "outputs.json"), JSON.stringify(outputs));
}

tf.enableProdMode();
await tf.setBackend("cpu");
for (const [name, net] of Object.entries(cases)) await write(name, net, process.argv[2] as string);
