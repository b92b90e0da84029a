import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readModelCard, saveModel } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { folder, graft, setUp, tearDown, tone, write } from "./fixture.ts";

beforeAll(async () => {
  await setUp();
  await tf.setBackend("cpu");
  const base = tfl.sequential({
    layers: [
      tfl.layers.flatten({ inputShape: [16, 20, 1] }),
      tfl.layers.dense({ name: "old", units: 7, activation: "softmax", kernelInitializer: "zeros" }),
    ],
  });
  await saveModel(base, join(folder, "base"));
  base.dispose();
  for (let i = 0; i < 8; i++) {
    tone(`sounds/high/${i}.wav`, 2400 + 50 * i, 8000);
    tone(`sounds/low/${i}.wav`, 300 + 20 * i, 8000);
  }
});
afterAll(tearDown);

it("tunes a model on a folder of tones, and predicts and measures tones at another rate", async () => {
  write("recipe.json", {
    ...{ plugins: ["@graftjs/backend-wasm"], backends: ["wasm"], trainable: "**", rule: "adam", learningRate: 0.001 },
    run: {
      ...{ model: "base/model.json", head: {}, metrics: ["accuracy"], epochs: 20, batchSize: 4, output: "tuned" },
      data: { use: "sounds", with: { path: "sounds", validation: 0.25, sampleRate: 8000, fftSize: 256, hop: 125 } },
    },
  });
  const run = await graft("run", "recipe.json");
  expect(run).toMatchObject({ code: 0, err: "" });
  expect(run.out).toMatch(/^16 sounds in 2 classes, 4 of them for validation: high 8, low 8\n/);
  expect(readModelCard(readFileSync(join(folder, "tuned/model.json"), "utf8"))).toEqual({
    classes: ["high", "low"],
    reader: {
      use: "sound",
      with: {
        ...{ seconds: (15 * 125) / 8000, sampleRate: 8000, features: "log-mel" },
        ...{ mels: 20, fftSize: 256, hop: 125, channelAxis: true },
      },
    },
  });
  tone("new/high/a.wav", 2510, 44_100);
  tone("new/low/b.wav", 390, 22_050);
  const { out, code } = await graft("predict", "tuned", "new/high/a.wav", "new/low/b.wav");
  expect(code).toBe(0);
  expect(out).toMatch(/a\.wav +high \d[\s\S]*b\.wav +low \d/);
  const measured = await graft("eval", "tuned", "new");
  expect(measured.code).toBe(0);
  expect(measured.out).toMatch(/100/);
});
