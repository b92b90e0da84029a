import "@tensorflow/tfjs-backend-cpu";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { clipByGlobalNorm } from "@graftjs/gradient-surgery";
import { larsMomentum, larsReport } from "@graftjs/lars";
import { gradientStats } from "@graftjs/transforms";
import { fineTune, tensorBoard } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterAll, expect, it } from "vitest";
import { folder, graft, setUp, tearDown, write } from "./fixture.ts";

afterAll(tearDown);

it("observers of a run get the trust ratios of LARS and the gradient norms before and after clipping", async () => {
  await tf.setBackend("cpu");
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({ name: "body", units: 4, inputShape: [3], activation: "relu" }),
      tfl.layers.dense({ name: "head", units: 2, activation: "softmax" }),
    ],
  });
  const xs = tf.randomNormal([48, 3], 0, 1, "float32", 1);
  const ys = tf.oneHot(tf.cast(tf.greater(tf.sum(xs, 1), 0), "int32"), 2);
  const seen: { step: number; stats: Readonly<Record<string, number>> }[] = [];
  const events: string[] = [];
  const before = tf.memory().numTensors;
  const result = await fineTune(model, {
    data: { xs, ys },
    loss: "categoricalCrossentropy",
    trainable: "all",
    hooks: [gradientStats("raw"), clipByGlobalNorm({ norm: 1e-3 }), gradientStats("clipped")],
    rule: larsMomentum({ trustCoefficient: 0.1 }),
    learningRate: 0.1,
    epochs: 2,
    batchSize: 12,
    statsEvery: 4,
    observers: [
      { stepEnd: ({ step, stats }) => void (stats && seen.push({ step, stats })) },
      tensorBoard({ to: (bytes) => void events.push(Buffer.from(bytes).toString("latin1")) }),
    ],
  });
  expect(seen.map(({ step }) => step)).toEqual([4, 8]);
  const last = seen.at(-1)?.stats ?? {};
  for (const { name, ratio, weightNorm, gradNorm } of (await larsReport(result.optimizer)).rows) {
    expect(ratio, name).toBeGreaterThan(0);
    expect([last[`trust/ratios/${name}`], last[`trust/weightNorms/${name}`], last[`trust/gradNorms/${name}`]]).toEqual([
      ratio,
      weightNorm,
      gradNorm,
    ]);
  }
  expect(last["trust/ratios/head/bias"]).toBe(1); // Biases are excluded from LARS.
  expect(last["raw/gradient"]).toBeGreaterThan(2e-3);
  expect(last["clipped/gradient"]).toBeCloseTo(1e-3, 7);
  expect(events.filter((event) => event.includes("trust/ratios/body/kernel"))).toHaveLength(2);
  result.restore();
  expect(tf.memory().numTensors).toBe(before);
  tf.dispose([xs, ys]);
  model.dispose();
});

it("the jsonl observer of a recipe writes them every 10 steps", async () => {
  const recipe = await setUp();
  const to = join(folder, "run.jsonl");
  write("recipe.json", {
    ...recipe,
    plugins: ["@graftjs/lars", "@graftjs/tuner", "@graftjs/backend-wasm"],
    hooks: [{ use: "lars", with: { trustCoefficient: 0.1 } }],
    observers: [{ use: "jsonl", with: { to } }],
    run: { ...(recipe.run as object), epochs: 4 },
  });
  expect(await graft("run", "recipe.json")).toMatchObject({ code: 0, err: "" });
  const lines = readFileSync(to, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const probed = lines.filter(({ event, stats }) => event === "step" && stats);
  expect(lines.filter(({ event }) => event === "step")).toHaveLength(12);
  expect(probed.map(({ step }) => step)).toEqual([10]);
  expect(Object.keys(probed[0].stats)).toContain("trust/ratios/head/kernel");
  expect(probed[0].stats["trust/ratios/head/kernel"]).toBeGreaterThan(0);
});
