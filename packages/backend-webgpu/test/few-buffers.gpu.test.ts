import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { runFused, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { compareRules } from "../../../tools/browser/suite/rules.ts";
import { countDispatches, graft, pairs, stock } from "../bench/updates.ts";
import { webgpuAdapter } from "../src/adapter.ts";
import { dawnPlatform } from "../src/platform/dawn.ts";
import type { WebGPUSession } from "../src/session.ts";
import { useTestGpu } from "./test-gpu.ts";

/** Number of storage buffers that every WebGPU device has. */
const LEAST = 8;

/** Returns this machine's GPU, limited to that number. */
async function weakGpu(): Promise<GPU> {
  const gpu = await dawnPlatform().gpu();
  return {
    async requestAdapter(options?: GPURequestAdapterOptions) {
      const adapter = (await gpu.requestAdapter(options)) as GPUAdapter;
      const limits: Record<string, number> = {};
      for (const name in adapter.limits)
        limits[name] = (adapter.limits as unknown as Record<string, number>)[name] as number;
      return {
        info: (adapter as unknown as { readonly info: unknown }).info,
        features: adapter.features,
        limits: { ...limits, maxStorageBuffersPerShaderStage: LEAST },
        requestDevice: (descriptor: GPUDeviceDescriptor) => adapter.requestDevice(descriptor),
      };
    },
  } as unknown as GPU;
}

let session: WebGPUSession;
beforeAll(async () => {
  useTestGpu();
  session = await webgpuAdapter({ allowSoftware: true }, { gpu: weakGpu, noAdapterFix: "" }).init();
  tf.env().set("WEBGPU_CPU_FORWARD", false);
});
afterAll(async () => {
  await session?.dispose();
});

const plain = {
  name: "sgd",
  stock: () => stock("tf.train.sgd", () => tf.train.sgd(1e-3)),
  graft: () => graft("sgd", sgd()),
};

it.each([plain, ...pairs])("needs a tenth of stock's dispatches if a shader may bind eight buffers: $name", (pair) => {
  expect(session.limits.maxStorageBuffersPerShaderStage).toBe(LEAST);
  const [theirs, ours] = [pair.stock(), pair.graft()];
  for (const { step } of [theirs, ours]) step();
  const [many, few] = [countDispatches(theirs.step), countDispatches(ours.step)];
  console.log(`${pair.name}: dispatches ${many} → ${few}`);
  theirs.dispose();
  ours.dispose();
  expect(many / few).toBeGreaterThanOrEqual(10);
});

it("gives cpu's weights with eight buffers too", async () => {
  const { rows, composed } = await compareRules("webgpu", /^(sgd|sgd momentum|adam|lars (paper|optax) momentum|lamb)$/);
  expect(rows).toHaveLength(6);
  expect(composed).toEqual([]);
  expect(rows.filter(({ error }) => error === null || !(error <= 1e-5))).toEqual([]);
});

it("does not copy a tensor that fills a dispatch", async () => {
  const shapes = [[2 ** 16 + 3], [5], [7], [9], [2 ** 16]];
  const make = (value: number): tf.Tensor[] => shapes.map((shape) => tf.fill(shape, value));
  const [variables, grads] = [make(3).map((tensor) => tf.variable(tensor)), make(2)];
  runFused("GraftSgd", {
    ...{ variables, grads, velocities: [], learningRates: shapes.map((_, i) => i), first: shapes.map(() => true) },
    ...{ momentum: 0, dampening: 0, nesterov: false, rateInVelocity: false },
  });
  for (const [i, variable] of variables.entries()) {
    expect([...new Set(await variable.data())]).toEqual([3 - 2 * i]);
  }
  expect(session.errors).toEqual([]);
});
