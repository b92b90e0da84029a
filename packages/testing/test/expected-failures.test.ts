import { mapTensors, stateless } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { withExpectedFailures } from "../src/harness/conformance-check.ts";
import { testHook } from "../src/index.ts";

// This hook fails the named check. So the test of the expected failure passes.
testHook(() => stateless("raw-square", (grads) => mapTensors(grads, (g) => tf.mul(g, tf.abs(g)))), {
  expectedFailures: { "is finite for gradients of 1e20": "squares its input" },
  learningRate: 0.01,
});

describe("an expected failure", () => {
  const passes = { name: "passes", run: () => {} };
  const fails = {
    name: "fails",
    run: () => {
      throw new Error("no");
    },
  };

  it("turns a check that fails into a test that passes, and shows the reason", async () => {
    const [first, second] = withExpectedFailures([passes, fails], { fails: "a known bug" });
    expect([first?.name, second?.name]).toEqual(["passes", "fails: expected to fail (a known bug)"]);
    await second?.run();
  });

  it("turns a check that passes into a test that fails", async () => {
    const [first] = withExpectedFailures([passes, fails], { passes: "a bug that is fixed" });
    await expect(first?.run()).rejects.toThrow('The check "passes" passes now. Remove it from `expectedFailures`.');
  });

  it("is refused if the suite has no check of that name", () => {
    const options = { expectedFailures: { "is finte": "a typing error" } };
    expect(() => testHook(() => stateless("any", (grads) => grads), options)).toThrow(
      /names checks that this suite does not have: is finte\. It has: returns exactly the names that it receives; keeps/,
    );
  });
});
