import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { describeEachLevel } from "./cpu-and-wasm.ts";
import { sweep } from "./sweep.ts";

describeEachLevel(() => {
  describe("the sweep over shapes, strides, paddings, dilations and multipliers (a sample; `pnpm sweep` runs all of it)", () => {
    // 61 is coprime to the length of every axis. The offset differs from run to run; the test's name has it.
    const offset = Math.floor(Math.random() * 61);
    it(`agrees with float64 within 1e-5, cases ${offset} modulo 61`, () => {
      const before = tf.memory();
      const results = sweep(61, offset);
      expect(Object.keys(results).length).toBeGreaterThanOrEqual(10);
      for (const [kernel, { worst, at }] of Object.entries(results))
        expect(worst, `${kernel} at ${at}`).toBeLessThanOrEqual(1e-5);
      expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numDataBuffers: before.numDataBuffers });
    });
  });
});
