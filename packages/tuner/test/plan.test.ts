import "@tensorflow/tfjs-backend-cpu";
import { definePlugin, type Plugin, sgd, stateless } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, expect, it } from "vitest";
import { type FineTuneOptions, flip, formatPlan, planFineTune } from "../src/index.ts";
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

/** Runs `work` while the cpu backend lacks a kernel. */
async function without<T>(name: string, work: () => Promise<T>): Promise<T> {
  const kernel = tf.getKernel(name, "cpu") as tf.KernelConfig;
  tf.unregisterKernel(name, "cpu");
  try {
    return await work();
  } finally {
    tf.registerKernel(kernel);
  }
}

it("estimates activations without a step: one output per layer, never more than measured", async () => {
  const given = options([4], "head");
  const { tape } = await planFineTune(mlp(), given, { probe: false });
  // The estimate is 4 examples × 3 classes × 4 bytes.
  expect(tape.bytes).toBe(48);
  const whole = await planFineTune(convNet(), options([8, 8, 2], "**"));
  expect(whole.predicted?.tapeBytes).toBeGreaterThan(whole.tape.bytes as number);
  expect(formatPlan(await planFineTune(mlp(), given, { probe: false }))).toMatch(
    /^tape {5}≥ 48 B of activations per batch/m,
  );
});

it("names only the missing kernels that this model needs", async () => {
  const lacking = (model: ReturnType<typeof mlp>, shape: number[], trainable: string) =>
    without("Conv2DBackpropFilter", async () => (await planFineTune(model, options(shape, trainable))).missingKernels);
  expect(await lacking(mlp(), [4], "**")).toEqual([]);
  expect(await lacking(convNet(), [8, 8, 2], "**")).toEqual(["Conv2DBackpropFilter"]);
  expect(await lacking(convNet(), [8, 8, 2], "head")).toEqual([]);
  const probed = await without("Tanh", () => planFineTune(mlp(), options([4], "**")));
  expect(probed.missingKernels).toEqual(["Tanh"]);
});

it("names options that defeat each other, and broken constraints of hooks and rule", async () => {
  const told = async (more: Partial<FineTuneOptions>, plugins: Plugin[] = []) =>
    (await planFineTune(convNet(), { ...options([8, 8, 2], "head"), ...more }, { probe: false, plugins })).conflicts;
  const augment = [flip()];
  expect(await told({})).toEqual([]);
  expect(await told({ augment, views: 2 })).toEqual([]);
  expect(await told({ augment, cache: false })).toEqual([]);
  expect(await told({ augment, trainable: "**" })).toEqual([]);
  expect(await told({ augment })).toEqual([
    expect.stringMatching(/`augment` without `views`.*trunk \(1 of 8 layers\)/),
  ]);
  expect(await told({ augment, views: 2, mixup: 0.2 })).toEqual([expect.stringMatching(/`views` with `mixup`/)]);
  expect(await told({ mixup: 0.2 })).toEqual([expect.stringMatching(/`mixup` with a trunk/)]);
  const late = { epochs: 2, unfreeze: [1, 2].map((epoch) => ({ epoch, trainable: "conv_1" })) };
  expect(await told(late)).toEqual([
    expect.stringMatching(/`unfreeze\[1\]` never happens: it starts in epoch 2 .* the run has 2/),
  ]);
  const plugins = [
    definePlugin({
      kind: "hook",
      name: "louder",
      description: "",
      create: () => louder,
      conflicts: { sgd: "both shout." },
    }),
  ];
  const louder = stateless("louder", (grads) => grads);
  const loud = await told({ hooks: [louder] }, plugins);
  expect(loud).toEqual(["hooks[0]: `louder` conflicts with `sgd`: both shout."]);
  const text = formatPlan(await planFineTune(convNet(), { ...options([8, 8, 2], "head"), augment }, { probe: false }));
  expect(text).toMatch(/^conflict `augment` without/m);
});
