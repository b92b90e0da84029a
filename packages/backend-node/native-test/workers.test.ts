import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** Source of a Worker that trains a small convolution net and posts the losses. */
const CODE = `
import { parentPort, workerData } from "node:worker_threads";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { HookedOptimizer, namedParams, sgd } from "@graftjs/core";
import { nativeBackend } from "${join(import.meta.dirname, "../src/adapter.ts")}";
async function main() {
  const session = await nativeBackend(workerData.options).init();
  const model = tfl.sequential({ layers: [
    tfl.layers.conv2d({ inputShape: [12, 12, 3], filters: 8, kernelSize: 3, kernelInitializer: tfl.initializers.glorotNormal({ seed: 1 }) }),
    tfl.layers.batchNormalization(), tfl.layers.reLU({ maxValue: 6 }), tfl.layers.flatten(),
    tfl.layers.dense({ units: 1, kernelInitializer: tfl.initializers.glorotNormal({ seed: 2 }) }) ] });
  model.compile({ optimizer: new HookedOptimizer({ params: namedParams(model), learningRate: 0.01, rule: sgd({ momentum: 0.9 }) }), loss: "meanSquaredError" });
  const x = tf.randomNormal([32, 12, 12, 3], 0, 1, "float32", 3), y = tf.reshape(tf.mean(x, [1, 2, 3]), [32, 1]);
  const { history } = await model.fit(x, y, { epochs: workerData.epochs, batchSize: 8, shuffle: false, verbose: 0 });
  await session.dispose();
  parentPort.postMessage(history.loss);
}
main().catch((cause) => parentPort.postMessage(cause.name + ": " + cause.message));
`;

const folder = mkdtempSync(join(tmpdir(), "graft-worker-"));
const script = join(folder, "worker.cjs");
beforeAll(async () => {
  await build({
    stdin: { contents: CODE, resolveDir: import.meta.dirname, loader: "ts" },
    bundle: true,
    platform: "node",
    format: "cjs",
    outfile: script,
    logLevel: "error",
    define: { "import.meta.url": "importMetaUrl" },
    banner: { js: 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function train(epochs: number, options: object = {}): Promise<readonly number[] | string> {
  return new Promise((done, failed) => {
    const worker = new Worker(script, { workerData: { epochs, options } });
    worker.on("message", done);
    worker.on("error", failed);
  });
}

describe("Workers", () => {
  it("two of them train at once, and each gets the numbers of a single one", async () => {
    const alone = await train(10);
    expect(alone).toHaveLength(10);
    const [a, b] = await Promise.all([train(10), train(10)]);
    for (const losses of [a, b] as number[][]) {
      losses.forEach((loss, i) => {
        expect(loss).toBeCloseTo((alone as number[])[i] as number, 4);
      });
    }
    expect((alone as number[])[9]).toBeLessThan((alone as number[])[0] as number);
  });

  it("an option that a Worker cannot set is refused by name", async () => {
    expect(await train(1, { threads: 7 })).toMatch(/TooLateError: TF_NUM_INTRAOP_THREADS=7.*a Worker cannot set it/);
  });
});
