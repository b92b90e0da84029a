import * as tf from "@tensorflow/tfjs-core";
import { tensorBoard } from "../src/index.ts";

/** Makes an event file with a bit of everything and a fixed clock. `tensorboard-oracle.py` has read exactly these bytes. */
export async function tensorBoardSample(): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const digits = tf.tensor4d([0, 0.5, 1, 1, 0.5, 0], [1, 2, 3, 1]);
  const variable = tf.variable(tf.tensor2d([-1, 0, 0.5, 1, 1.5, 2], [2, 3]), false);
  const kernel = { name: "head/kernel", layer: "head", role: "kernel", shape: [2, 3], unitAxes: [1], variable };
  const observer = tensorBoard({
    to: (bytes) => void parts.push(bytes),
    images: { digits },
    now: () => 1_700_000_000.5,
  });
  await observer.runStart?.({ params: [kernel], epochs: 1, stepsPerEpoch: 2, batchSize: 4, step: 0 });
  await observer.stepEnd?.({ step: 1, epoch: 0, examples: 4, learningRate: 0.1, loss: 0.5 });
  await observer.stepEnd?.({ step: 300, epoch: 0, examples: 8, learningRate: 0.1, loss: 0.25 });
  await observer.epochEnd?.({ epoch: 0, step: 300, seconds: 1, logs: { loss: 0.375 } });
  tf.dispose([digits, variable]);
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
