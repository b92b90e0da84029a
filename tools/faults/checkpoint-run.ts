// Runs that write a checkpoint after every step, in a process of their own: `checkpoint-run <cpu|wasm> [folder]`.
// With a folder: resumes the run there, prints each step, and at the end a digest of the weights. Without one: does the runs that the
// parent process asks for.
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { wasmBackend } from "../../packages/backend-wasm/src/index.ts";
import { adam, GraftError, namedWeights, type Observer, sgd } from "../../packages/core/src/index.ts";
import { type FineTuneOptions, fineTune, fingerprint, fingerprintDigest } from "../../packages/tuner/src/index.ts";
import { convNet, mlp } from "../../packages/tuner/test/nets.ts";
import { examples } from "../../packages/tuner/test/support.ts";
import type { Answer, Request } from "./checkpoint-protocol.ts";

// In production mode tfjs does not print its advice to install another backend.
tf.env().set("PROD", true);
const [backend, folder] = process.argv.slice(2);
if (backend === "wasm") await wasmBackend().init();
else await tf.setBackend("cpu");
if (folder === undefined) {
  process.on("message", (request: Request) => void answer(request).then((done) => process.send?.(done)));
  process.send?.({ digest: "ready", steps: 0, warnings: [] } satisfies Answer);
} else {
  const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
  const watch: Observer = {
    runStart: ({ step }) => print({ from: step }),
    stepEnd: ({ step }) => print({ step }),
  };
  print(await longRun(folder, watch));
}

/** Runs with dropout, averaging, a freeze schedule and accumulation, so that a checkpoint holds every kind of state. */
async function longRun(to: string, watch: Observer): Promise<Answer> {
  return whole(convNet({ dropoutRate: 0.3 }), {
    data: examples([8, 8, 2], 24),
    loss: "categoricalCrossentropy",
    rule: adam(),
    learningRate: 0.02,
    trainable: "head",
    unfreeze: [{ epoch: 2, trainable: "conv_1" }],
    accumulate: 2,
    ema: {},
    epochs: 8,
    batchSize: 4,
    observers: [watch],
    checkpoint: { to, everySteps: 1, resume: true },
  });
}

async function answer({ folder: to, resume, delay }: Request): Promise<Answer> {
  await new Promise((resolve) => setTimeout(resolve, delay));
  try {
    return await whole(mlp(), {
      data: examples([4], 20),
      loss: "categoricalCrossentropy",
      rule: sgd({ momentum: 0.9 }),
      learningRate: 0.1,
      trainable: "**",
      epochs: 2,
      batchSize: 5,
      checkpoint: { to, everySteps: 1, resume },
    });
  } catch (error) {
    const typed = error instanceof GraftError;
    return { refused: typed ? error.message : undefined, failed: typed ? undefined : String(error) };
  }
}

async function whole(model: ReturnType<typeof mlp>, options: FineTuneOptions): Promise<Answer> {
  const { restore, steps, warnings } = await fineTune(model, options);
  restore();
  const digest = fingerprintDigest(await fingerprint(namedWeights(model)));
  for (const { variable } of namedWeights(model)) variable.dispose();
  return { digest, steps, warnings };
}
