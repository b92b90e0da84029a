import { wasmBackend } from "@graftjs/backend-wasm";
import { sgd } from "@graftjs/core";
import { fineTune } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { expect, it } from "vitest";
import { type AdapterPatch, dora, lokr, lora } from "../src/index.ts";
import { everyKind, tokens, volumes } from "./nets.ts";

const cases: readonly [string, AdapterPatch, () => Parameters<typeof fineTune>[0], () => tf.Tensor, number][] = [
  [
    "lora in every kind of layer",
    lora({ rank: 2 }),
    everyKind,
    () => tf.randomUniform([6, 8, 8, 3], -1, 1, "float32", 5),
    2,
  ],
  [
    "dora in every kind of layer",
    dora({ rank: 2 }),
    everyKind,
    () => tf.randomUniform([6, 8, 8, 3], -1, 1, "float32", 5),
    2,
  ],
  [
    "lora of an embedding and a gru",
    lora({ rank: 2, target: ["embed/embeddings", "gru/**"] }),
    tokens,
    () =>
      tf.tensor2d(
        Array.from({ length: 36 }, (_, i) => (i * 7) % 10),
        [6, 6],
        "int32",
      ),
    3,
  ],
  [
    "lora in three dimensions",
    lora({ rank: 2 }),
    volumes,
    () => tf.randomUniform([6, 4, 4, 4, 2], -1, 1, "float32", 3),
    2,
  ],
  [
    "lokr of dense layers",
    lokr({ target: ["each/kernel", "dense/kernel"] }),
    everyKind,
    () => tf.randomUniform([6, 8, 8, 3], -1, 1, "float32", 5),
    2,
  ],
];

it.each(cases)("%s: ten steps on wasm give the weights of cpu", async (_, patch, build, inputs, outputs) => {
  const trained = async (): Promise<Record<string, readonly number[]>> => {
    const model = build();
    const result = await fineTune(model, {
      data: {
        xs: inputs(),
        ys: tf.tensor2d(
          Array.from({ length: 6 * outputs }, (_, i) => Math.sin(i)),
          [6, outputs],
        ),
      },
      loss: "meanSquaredError",
      trainable: /lora_|lokr_/,
      patches: [patch],
      rule: sgd({ momentum: 0.9 }),
      learningRate: 0.05,
      epochs: 10,
      batchSize: 6,
    });
    const values = result.params.map(({ name, variable }) => [name, [...variable.dataSync()]] as const);
    result.restore();
    return Object.fromEntries(values);
  };
  await tf.setBackend("cpu");
  const cpu = await trained();
  const session = await wasmBackend().init();
  const wasm = await trained();
  await session.dispose();
  for (const [name, values] of Object.entries(cpu))
    expect(wasm[name], name).toEqual(values.map((value) => expect.closeTo(value, 4)));
});
