import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { l2Norm } from "../src/index.ts";

beforeAll(() => tf.setBackend("cpu"));

const norm = (...tensors: readonly number[][]): number =>
  tf.tidy(() => l2Norm(tensors.map((values) => tf.tensor1d(values))).dataSync()[0] as number);

it("computes the norm over one or several tensors", () => {
  expect(norm([3, 4])).toBe(5);
  expect(norm([3], [4])).toBe(5);
  expect(norm([0, 0])).toBe(0);
});

it("neither overflows nor vanishes if the squares do", () => {
  expect(norm([3e30, 4e30]) / 5e30).toBeCloseTo(1, 6);
  expect(norm([3e-30], [4e-30]) / 5e-30).toBeCloseTo(1, 6);
});

it("passes NaN and ∞ on", () => {
  expect(norm([1, Number.NaN])).toBeNaN();
  expect(norm([1, Number.POSITIVE_INFINITY])).toBe(Number.POSITIVE_INFINITY);
});
