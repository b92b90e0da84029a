// Does one run of soak.ts in a separate process: `soak-worker.ts <cpu|wasm|native> <run|leak|cache> <folder|steps>`. Prints a line of JSON.
import "@tensorflow/tfjs-backend-cpu";
import { nativeBackend } from "@graftjs/backend-node";
import { wasmBackend } from "@graftjs/backend-wasm";
import { adam, namedWeights, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type FineTuneOptions, fineTune, fingerprint, fingerprintDigest, flip, shift } from "../src/index.ts";
import { convNet } from "../test/nets.ts";
import { distance, examples, weightsOf } from "../test/support.ts";

const [backend, what, argument] = process.argv.slice(2) as [string, string, string];
if (backend === "wasm") await wasmBackend().init();
else if (backend === "native") await nativeBackend().init();
else await tf.setBackend("cpu");

const data = examples([8, 8, 2], 24);
const base = {
  data,
  loss: "categoricalCrossentropy",
  rule: sgd({ momentum: 0.9 }),
  learningRate: 0.02,
  batchSize: 4,
} as const;
if (what === "run") await run();
else if (what === "leak") await leak();
else await cache();
process.exit(0);

/** Runs with a freeze schedule, accumulation, augmentation, dropout, averaging and early stopping. Prints a digest of the weights. */
async function run(): Promise<void> {
  console.log("started");
  const model = convNet({ dropoutRate: 0.3 });
  const options: FineTuneOptions = {
    ...base,
    validation: examples([8, 8, 2], 6),
    rule: adam(),
    trainable: "head",
    unfreeze: [{ epoch: 2, trainable: "conv_1" }],
    accumulate: 2,
    augment: [flip(), shift({ by: 1 })],
    ema: {},
    earlyStopping: { patience: 100 },
    epochs: 6,
    checkpoint: { to: argument, everySteps: 1, resume: true },
  };
  const { restore } = await fineTune(model, options);
  restore();
  console.log(JSON.stringify({ digest: fingerprintDigest(await fingerprint(namedWeights(model))) }));
}

async function leak(): Promise<void> {
  const model = convNet();
  const counts: number[] = [];
  const observers = [{ epochEnd: () => void counts.push(tf.memory().numTensors) }];
  const before = tf.memory().numTensors;
  const { restore, steps } = await fineTune(model, {
    ...base,
    trainable: ["conv_1", "head"],
    epochs: Math.ceil(Number(argument) / 6),
    observers,
  });
  restore();
  console.log(
    JSON.stringify({
      steps,
      leaked: tf.memory().numTensors - before,
      grownFromEpoch2: (counts.at(-1) ?? 0) - (counts[1] ?? 0),
    }),
  );
}

async function cache(): Promise<void> {
  const runs = [];
  for (const kind of ["memory", false] as const) {
    const model = convNet();
    const { restore, history, steps } = await fineTune(model, {
      ...base,
      trainable: ["conv_1", "bn_1", "head"],
      epochs: Math.ceil(Number(argument) / 6),
      cache: kind,
    });
    restore();
    runs.push({ weights: weightsOf(model), loss: history.loss, steps });
  }
  const [a, b] = runs as [(typeof runs)[0], (typeof runs)[0]];
  const loss = Math.max(...a.loss.map((value, i) => Math.abs(value - (b.loss[i] as number))));
  console.log(JSON.stringify({ steps: a.steps, worstLoss: loss, worstWeight: distance(a.weights, b.weights) }));
}
