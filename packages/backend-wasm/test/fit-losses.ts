import * as tf from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import { fusedLayers } from "../src/index.ts";
import { fit, type SETUPS } from "./fit-setups.ts";

/** Trains a set-up on cpu, and on wasm with and without `fusedLayers`. Expects the same losses, and that no tensor is left. */
export async function expectLossesOfCpu(name: string, setup: (typeof SETUPS)[string]): Promise<void> {
  await tf.setBackend("cpu");
  const expected = await fit(setup, setup.oracle);
  await tf.setBackend("wasm");
  const before = tf.memory().numTensors;
  const runs = [await fit(setup), await fit(setup, (model) => fusedLayers().apply(model as never))];
  // tfjs's momentum and adamax optimizers each leave one scalar when they are disposed.
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
}
