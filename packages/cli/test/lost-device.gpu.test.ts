import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cpuBackend, runOnBackends } from "@graftjs/backend";
import { type WebGPUSession, webgpuBackend } from "@graftjs/backend-webgpu";
import { type BackendLostError, type BackendSession, type OptimizerHook, sgd, stateless } from "@graftjs/core";
import { fineTune, readSafetensors } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { disagreement } from "../../../tools/browser/suite/numbers.ts";
import { useTestGpu } from "../../backend-webgpu/test/test-gpu.ts";
import { folder, graft, setUp, tearDown, write } from "./fixture.ts";

let recipe: Record<string, unknown>;
beforeAll(async () => {
  useTestGpu();
  recipe = await setUp();
});
afterAll(tearDown);

/** Source of a hook that destroys the device as a driver would: the session notices only later. */
const LOSE = `import { optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
const create = ({ at }) => {
  let lost = false;
  return {
    name: "lose-device",
    init: () => null,
    transform(grads, state, { step }) {
      if (step === at && !lost) {
        lost = true;
        GPUDevice.prototype.destroy.call(tf.backend().device);
      }
      return { grads, state };
    },
  };
};
const options = optionsSchema({ at: { type: "integer" } }, ["at"]);
export const plugins = [{ kind: "hook", name: "lose-device", description: "Loses the device", options, create }];
`;

function delta(name: string): readonly Float32Array[] {
  const { tensors } = readSafetensors(readFileSync(join(folder, name)));
  return [...tensors.values()].map(({ data }) => new Float32Array(data.slice().buffer));
}

function expectSame(lost: readonly Float32Array[], calm: readonly Float32Array[]): void {
  expect(lost).toHaveLength(calm.length);
  expect(calm.length).toBeGreaterThan(0);
  for (const [i, want] of calm.entries()) expect(disagreement(lost[i] ?? [], want)).toBeLessThanOrEqual(1e-4);
}

it("graft run continues on wasm from the last checkpoint and ends with the weights of an undisturbed run", async () => {
  write("lose.js", LOSE);
  const plugins = [...(recipe.plugins as string[]), "@graftjs/backend-webgpu", "./lose.js"];
  write("recipe.json", { ...recipe, plugins, backends: ["wasm"], hooks: [] });
  expect(await graft("run", "recipe.json", "--out", "calm.safetensors")).toMatchObject({ code: 0, err: "" });
  const hooks = [{ use: "lose-device", with: { at: 4 } }];
  const webgpu = { use: "webgpu", with: { allowSoftware: true } };
  write("recipe.json", { ...recipe, plugins, backends: [webgpu, "wasm"], hooks });
  const { code, out, err } = await graft("run", "recipe.json", "--out", "lost.safetensors");
  expect(err).toMatch(
    /^The WebGPU device was lost: .* Continuing on wasm\.\nStarting from step 3, the last checkpoint\.\n$/,
  );
  expect(code).toBe(0);
  expect(out.match(/epoch 1\/2/g)).toHaveLength(1);
  expectSame(delta("lost.safetensors"), delta("calm.safetensors"));
});

it("fineTune with a checkpoint continues on cpu and ends with the weights of an undisturbed run", async () => {
  /** Trains two epochs of three steps and loses the device at step `loseAt`. Returns the weights, and each step with its backend. */
  const run = async (name: string, loseAt: number): Promise<{ weights: Float32Array[]; taken: string[] }> => {
    const taken: string[] = [];
    const train = async (session: BackendSession, lost: BackendLostError | undefined): Promise<Float32Array[]> => {
      const seeded = (seed: number): ReturnType<typeof tfl.initializers.glorotUniform> =>
        tfl.initializers.glorotUniform({ seed });
      const model = tfl.sequential({
        layers: [
          tfl.layers.dense({
            units: 4,
            inputShape: [3],
            activation: "tanh",
            kernelInitializer: seeded(1),
            name: "body",
          }),
          tfl.layers.dense({ units: 2, kernelInitializer: seeded(2), name: "head" }),
        ],
      });
      // Computed on the device, so the next device rounds them differently. They must still count as the same data.
      const xs = tf.tanh(tf.randomNormal([48, 3], 0, 1, "float32", 3));
      const lose: OptimizerHook<null> = stateless("lose", (grads, { step }) => {
        taken.push(`${session.name} ${step}`);
        if (step === loseAt && !lost) GPUDevice.prototype.destroy.call((session as WebGPUSession).device);
        return grads;
      });
      const result = await fineTune(model, {
        ...{ data: { xs, ys: tf.slice(xs, [0, 1]) }, loss: "meanSquaredError", trainable: "all" },
        ...{ hooks: [lose], rule: sgd({ momentum: 0.9 }), learningRate: 0.1, epochs: 2, batchSize: 16 },
        checkpoint: { to: join(folder, name), everySteps: 2, resume: lost !== undefined },
      });
      const weights = await Promise.all(model.getWeights().map(async (w) => Float32Array.from(await w.data())));
      result.restore();
      await session.dispose();
      return weights;
    };
    return { weights: await runOnBackends([webgpuBackend({ allowSoftware: true }), cpuBackend()], train), taken };
  };
  const calm = await run("calm", -1);
  const lost = await run("lost", 4);
  expect(calm.taken).toEqual([0, 1, 2, 3, 4, 5].map((step) => `webgpu ${step}`));
  // It depends on the driver at which step the loss is noticed. Steps after the last checkpoint are repeated on the next backend.
  expect(lost.taken.slice(0, 5)).toEqual(calm.taken.slice(0, 5));
  expect(lost.taken).toContain("cpu 4");
  expect(lost.taken).not.toContain("cpu 0");
  expect(lost.taken.at(-1)).toBe("cpu 5");
  expectSame(lost.weights, calm.weights);
});
