import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { expect, it } from "vitest";

const require = createRequire(import.meta.url);
/** Takes the same steps on the tfjs version that is bundled. Prints the version, the losses and the number of leaked tensors. */
const SMOKE = `
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { adamw, HookedOptimizer, loadState, masked, namedParams, saveState } from ${JSON.stringify(join(import.meta.dirname, "../src/index.ts"))};
import { accumulate, applyIfFinite, ema, swapInEma } from "@graftjs/transforms";
await tf.setBackend("cpu");
const glorot = (seed) => layers.initializers.glorotNormal({ seed });
const model = layers.sequential({ layers: [
  layers.layers.dense({ inputShape: [3], units: 8, activation: "tanh", name: "hidden", kernelInitializer: glorot(1) }),
  layers.layers.batchNormalization({ name: "norm" }),
  layers.layers.dense({ units: 1, name: "head", kernelInitializer: glorot(2) }),
] });
const hooks = () => [accumulate(2), applyIfFinite(), masked(ema({ decay: 0.9 }), "**/kernel")];
const make = () => new HookedOptimizer({ params: namedParams(model), hooks: hooks(), rule: adamw(), learningRate: 0.05 });
const optimizer = make();
model.compile({ optimizer, loss: "meanSquaredError" });
const x = tf.randomNormal([32, 3], 0, 1, "float32", 5), y = tf.sum(x, 1, true);
const { history } = await model.fit(x, y, { epochs: 4, batchSize: 8, shuffle: false, verbose: 0 });
const before = tf.memory().numTensors;
await model.fit(x, y, { epochs: 1, batchSize: 8, shuffle: false, verbose: 0 });
const left = tf.memory().numTensors - before;
swapInEma(optimizer)();
const resumed = make();
loadState(resumed, await saveState(optimizer));
console.log(JSON.stringify({ version: tf.version_core, loss: history.loss, left, step: resumed.step }));
`;

async function run(suffix: string): Promise<{ version: string; loss: number[]; left: number; step: number }> {
  const packages = ["core", "layers", "backend-cpu"] as const;
  const at = (name: string): string =>
    require.resolve(suffix === "" ? `@tensorflow/tfjs-${name}` : `tfjs-${name}${suffix}`);
  const folder = mkdtempSync(join(tmpdir(), "graft-peer-"));
  try {
    const { outputFiles } = await build({
      stdin: { contents: SMOKE, resolveDir: import.meta.dirname, loader: "js" },
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      write: false,
      logLevel: "silent",
      // The CommonJS builds of tfjs are missing from its own lists of files with side effects.
      ignoreAnnotations: true,
      // The peers' own requires too: there must be one engine.
      alias: Object.fromEntries(packages.map((name) => [`@tensorflow/tfjs-${name}`, at(name)])),
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    });
    const file = join(folder, "smoke.mjs");
    writeFileSync(file, outputFiles[0]?.contents ?? "");
    const out = execFileSync(process.execPath, [file], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    return JSON.parse(out.trim().split("\n").at(-1) as string);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it("runs on the lowest peer, tfjs 4.20, as on the one it is developed with", async () => {
  const [lowest, current] = [await run("-lowest"), await run("")];
  expect(lowest.version).toBe("4.20.0");
  expect(current.version).not.toBe(lowest.version);
  expect(lowest.left).toBe(0);
  expect(lowest.step).toBe(10);
  expect(lowest.loss).toEqual(current.loss);
  expect(lowest.loss.at(-1)).toBeLessThan(lowest.loss[0] as number);
});
