import { readFile } from "node:fs/promises";
import { applyDelta, saveDelta, writeFileAtomic } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { loadBase } from "./base.ts";
import type { Tuned } from "./compare.ts";
import { withNewHead } from "./model.ts";
import type { Task } from "./task.ts";

/**
 * Saves the trained weights as a delta, applies the delta to a new copy of the base, and compares the outputs of both models.
 * Throws an error if they differ in any bit.
 */
export async function deltaRoundTrip({ model, result, recipe }: Tuned, task: Task, path: string): Promise<boolean> {
  const delta = await saveDelta(model, result, { recipe });
  await writeFileAtomic(path, delta);
  const fresh = withNewHead(await loadBase(), 7);
  applyDelta(fresh, new Uint8Array(await readFile(path)));
  result.restore();
  const outputs = [model, fresh].map((m) => m.predict(task.test.xs, { batchSize: 256 }) as tf.Tensor);
  const [tuned, restored] = await Promise.all(outputs.map((output) => output.data()));
  tf.dispose(outputs);
  const same = tuned?.every((value, i) => Object.is(value, restored?.[i])) === true;
  const [deltaSize, modelSize] = [delta.byteLength, result.plan.parameters.totalBytes].map(
    (n) => `${(n / 1024).toFixed(0)} kB`,
  );
  console.log(`Delta: ${deltaSize} (the whole model has ${modelSize}), applied to a new copy of the base.`);
  console.log(`Predictions on ${task.test.xs.shape[0]} images: ${same ? "identical, bit for bit" : "DIFFERENT"}.`);
  if (!same) throw new Error("A delta applied to a fresh base must predict identically.");
  return same;
}
