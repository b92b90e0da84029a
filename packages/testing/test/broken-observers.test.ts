import type { Observer } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { observerChecks } from "../src/index.ts";
import { failing } from "./failing.ts";

/** One broken observer per check, by the name of the check. */
const observers: { readonly [check: string]: () => Observer } = {
  "accepts every event of a run and returns nothing": () => ({ stepEnd: () => 1 as unknown as undefined }),
  "accepts the end of a run that failed": () => ({
    runEnd({ error }) {
      if (error !== undefined) throw error;
    },
  }),
  "can watch a second run": () => {
    let runs = 0;
    return {
      runStart() {
        if (++runs > 1) throw new Error("once only");
      },
    };
  },
};
for (const [name, make] of Object.entries(observers)) {
  it(`an observer that breaks "${name}" fails this check only`, async () => {
    expect(await failing(observerChecks(make))).toEqual([name]);
  });
}
it("an observer that keeps a tensor fails the check of tensors", async () => {
  expect(await failing(observerChecks(() => ({ epochEnd: () => void tf.scalar(1) })))).toEqual(["keeps no tensor"]);
});
