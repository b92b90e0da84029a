import { gradientDescent, HookedOptimizer, namedParams } from "@graftjs/core";
import { readSafetensors } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import { readPeft, writePeft } from "../src/peft.ts";
import { baseOf, cases, channelsLast, filesOf, type PeftCase, storedOf, valuesOf } from "./peft-cases.ts";

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});

const worst = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  a.length === b.length ? Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number)))) : Number.NaN;

describe.each(Object.entries(cases))("%s, against HF PEFT", (name, net: PeftCase) => {
  it("computes and trains the same from the same files, and writes the same files", async () => {
    const stored = storedOf(name);
    const model = baseOf(net, stored);
    const x = channelsLast(stored, "input");
    const y = channelsLast(stored, "target");
    const outputs = (): Float32Array => tf.tidy(() => (model.predict(x) as tf.Tensor).dataSync() as Float32Array);
    const plain = outputs();
    const handle = readPeft(filesOf(name)).apply(model);
    expect(worst(outputs(), valuesOf(stored, "before"))).toBeLessThan(1e-5);
    expect(await writePeft(handle, { warn: expect.fail })).toEqual({
      ...filesOf(name),
      "adapter_model.safetensors": new Uint8Array(filesOf(name)["adapter_model.safetensors"]),
    });

    const head = name === "lora-head" ? namedParams(model).filter(({ layer }) => layer === "head") : [];
    const params = [...handle.added, ...head];
    const optimizer = new HookedOptimizer({ params, rule: gradientDescent(), learningRate: 0.05 });
    for (let step = 0; step < 50; step++) {
      const rows = (tensor: tf.Tensor): tf.Tensor => tf.slice(tensor, 4 * (step % 4), 4);
      optimizer.minimize(() =>
        tf.losses.meanSquaredError(rows(y), model.apply(rows(x), { training: true }) as tf.Tensor),
      );
    }
    const { tensors } = readSafetensors((await writePeft(handle))["adapter_model.safetensors"]);
    const differences = [...tensors.keys()].map((key) =>
      worst(valuesOf(tensors, key), valuesOf(stored, `trained.${key}`)),
    );
    expect(Math.max(...differences)).toBeLessThan(1e-5);
    expect(worst(outputs(), valuesOf(stored, "after"))).toBeLessThan(1e-5);
    handle.restore();
    expect(outputs()).toEqual(plain);
    optimizer.dispose();
  });
});
