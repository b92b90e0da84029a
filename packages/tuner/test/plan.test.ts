import "@tensorflow/tfjs-backend-cpu";
import { sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, expect, it } from "vitest";
import { type FineTuneOptions, formatPlan, plan } from "../src/index.ts";
import { convNet, mlp } from "./nets.ts";
import { examples } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

const options = (shape: number[], trainable: string): FineTuneOptions => ({
  data: examples(shape, 8),
  loss: "categoricalCrossentropy",
  trainable,
  rule: sgd(),
  learningRate: 0.1,
  epochs: 1,
  batchSize: 4,
});

/** The work without a kernel of cpu. */
async function without<T>(name: string, work: () => Promise<T>): Promise<T> {
  const kernel = tf.getKernel(name, "cpu") as tf.KernelConfig;
  tf.unregisterKernel(name, "cpu");
  try {
    return await work();
  } finally {
    tf.registerKernel(kernel);
  }
}

it("says without a step what the tape holds at least: one output a layer, and never more than it measures", async () => {
  const given = options([4], "head");
  const { tape } = await plan(mlp(), given, { probe: false });
  // 4 examples × 3 classes × 4 bytes.
  expect(tape.bytes).toBe(48);
  const whole = await plan(convNet(), options([8, 8, 2], "**"));
  expect(whole.predicted?.tapeBytes).toBeGreaterThan(whole.tape.bytes as number);
  expect(formatPlan(await plan(mlp(), given, { probe: false }))).toMatch(/^tape {5}48 B a batch at least/m);
});

it("names missing kernels of this model only", async () => {
  const lacking = (model: ReturnType<typeof mlp>, shape: number[], trainable: string) =>
    without("Conv2DBackpropFilter", async () => (await plan(model, options(shape, trainable))).missingKernels);
  expect(await lacking(mlp(), [4], "**")).toEqual([]);
  expect(await lacking(convNet(), [8, 8, 2], "**")).toEqual(["Conv2DBackpropFilter"]);
  expect(await lacking(convNet(), [8, 8, 2], "head")).toEqual([]);
  const probed = await without("Tanh", () => plan(mlp(), options([4], "**")));
  expect(probed.missingKernels).toEqual(["Tanh"]);
});
