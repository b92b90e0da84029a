import "@tensorflow/tfjs-backend-cpu";
import { adam } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { indexedDbStore, opfsStore, serveFineTune, shift, type WorkerPort } from "../../src/index.ts";
import { convNet } from "../nets.ts";
import { examples } from "../support.ts";

/** Message of the page. */
export interface Job {
  readonly store: "opfs" | "indexeddb";
  readonly name: string;
}

// In a Web Worker, runs with a freeze schedule, accumulation, augmentation, dropout, and one checkpoint per step.
serveFineTune(self as unknown as WorkerPort, async (job) => {
  const { store, name } = job as Job;
  await tf.setBackend("cpu");
  const to = store === "opfs" ? opfsStore(name) : indexedDbStore(name);
  return {
    model: convNet({ dropoutRate: 0.3 }),
    options: {
      data: examples([8, 8, 2], 24),
      loss: "categoricalCrossentropy",
      trainable: "head",
      unfreeze: [{ epoch: 2, trainable: "conv_1" }],
      rule: adam(),
      learningRate: 0.02,
      epochs: 20,
      batchSize: 2,
      accumulate: 2,
      augment: [shift({ by: 1 })],
      checkpoint: { to, everySteps: 1, resume: true },
    },
  };
});
