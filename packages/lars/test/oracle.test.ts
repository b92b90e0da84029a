import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { cases, worstError } from "./oracle-run.ts";

beforeEach(() => tf.setBackend("cpu"));

describe("50 steps over kernels and biases with a changing rate, within 1e-5 of float64", () => {
  for (const run of Object.values(cases).flat()) {
    it(run.name, () => {
      const before = tf.memory().numTensors;
      expect(worstError(run)).toBeLessThan(1e-5);
      expect(tf.memory().numTensors).toBe(before);
    });
  }
});
