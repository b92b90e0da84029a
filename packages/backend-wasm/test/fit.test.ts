import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { fusedLayers, wasmBackend } from "../src/index.ts";
import { fit, SETUPS } from "./fit-setups.ts";

beforeAll(async () => {
  await wasmBackend().init();
});

describe(`model.fit: ${Object.keys(SETUPS).length} set-ups train on wasm as on cpu`, () => {
  it("there are at least 60", () => expect(Object.keys(SETUPS).length).toBeGreaterThanOrEqual(60));

  it.each(Object.entries(SETUPS))("%s", async (name, setup) => {
    await tf.setBackend("cpu");
    const expected = await fit(setup);
    await tf.setBackend("wasm");
    const before = tf.memory().numTensors;
    const runs = [await fit(setup), await fit(setup, (model) => fusedLayers().apply(model as never))];
    // tfjs's momentum and adamax optimizers each forget one scalar when they are disposed.
    expect(tf.memory().numTensors - before, "tensors left").toBeLessThanOrEqual(
      /momentum|nesterov|adamax/.test(name) ? 2 * 2 : 0,
    );
    for (const actual of runs)
      for (const [epoch, loss] of expected.entries()) {
        expect(Number.isFinite(loss)).toBe(true);
        expect(
          Math.abs((actual[epoch] as number) - loss),
          `epoch ${epoch}: ${actual[epoch]} against ${loss}`,
        ).toBeLessThanOrEqual(5e-5 * Math.max(1, Math.abs(loss)));
      }
  });
});
