import { mapTensors, stateless } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { testHook } from "../src/index.ts";

// An exception is a test: this one holds because the hook does break the rule.
testHook(() => stateless("raw-square", (grads) => mapTensors(grads, (g) => tf.mul(g, tf.abs(g)))), {
  exceptions: { huge: "squares its input" },
  learningRate: 0.01,
});

it("refuses an exception that names no case", () => {
  expect(() =>
    testHook(() => stateless("any", (grads) => grads), { exceptions: { hug: "a typing error" } }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[Error: No case of the suite is called hug. There are: names, shapes, inputs, order, leak, throw, masked, resume, freezing, zero, tiny, huge, backends, loss.]`,
  );
});
