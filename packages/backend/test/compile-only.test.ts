import "@tensorflow/tfjs-backend-cpu";
import { compileOnly } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";

const FLAG = "GRAFT_TEST_COMPILE_ONLY";
tf.env().registerFlag(FLAG, () => false);

it("sets the flag during the step, changes no variable and leaves no tensor", () => {
  const variable = tf.variable(tf.scalar(1));
  const before = tf.memory().numTensors;
  const flags: boolean[] = [];
  compileOnly(FLAG, () => {
    flags.push(tf.env().getBool(FLAG));
    variable.assign(tf.scalar(2));
    return tf.square(variable);
  });
  expect(flags).toEqual([true]);
  expect(variable.dataSync()[0]).toBe(1);
  expect(tf.memory().numTensors).toBe(before);
  variable.assign(tf.scalar(3));
  expect(variable.dataSync()[0]).toBe(3);
});

it("resets the flag and assignment if the step throws", () => {
  const { assign } = tf.Variable.prototype;
  expect(() =>
    compileOnly(FLAG, () => {
      throw new Error("no step");
    }),
  ).toThrow("no step");
  expect(tf.env().getBool(FLAG)).toBe(false);
  expect(tf.Variable.prototype.assign).toBe(assign);
});
