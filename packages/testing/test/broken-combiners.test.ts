import {
  type AnyCombiner,
  type ElementwiseCombiner,
  mapTensors,
  type TensorMap,
  type WeighingCombiner,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { combinerChecks } from "../src/index.ts";
import { failing } from "./failing.ts";

/** Makes a correct combiner with equal weights. A broken combiner replaces some of its parts. */
const mean = (parts: Partial<WeighingCombiner> = {}): AnyCombiner => ({
  name: "broken",
  init: () => null,
  weigh(gram, tasks, state) {
    if (gram.some(Number.isNaN)) throw new Error("NaN");
    return { weights: new Float64Array(tasks.length).fill(1 / tasks.length), state };
  },
  ...parts,
});
const refuse = (gram: Float64Array): void => {
  if (gram.some(Number.isNaN)) throw new Error("NaN");
};
const weighing: { readonly [check: string]: () => AnyCombiner } = {
  "gives one finite weight per task for difficult gradients": () =>
    mean({
      weigh(gram, tasks, state) {
        refuse(gram);
        const m = tasks.length;
        return { weights: Float64Array.from(tasks, (_, i) => 1 / Math.sqrt(gram[i * m + i] as number)), state };
      },
    }),
  "leaves the Gramian and the state unchanged": () =>
    mean({
      weigh(gram, tasks, state) {
        refuse(gram);
        gram[0] = (gram[0] as number) + 1;
        return { weights: new Float64Array(tasks.length).fill(1), state };
      },
    }),
  "gives equal weights for equal Gramians and states": () => {
    let calls = 0;
    return mean({
      weigh(gram, tasks, state) {
        refuse(gram);
        return { weights: new Float64Array(tasks.length).fill(1 + 0.1 / ++calls), state };
      },
    });
  },
  "throws if the Gramian contains NaN": () =>
    mean({ weigh: (_, tasks, state) => ({ weights: new Float64Array(tasks.length).fill(1), state }) }),
  "leaks no tensor over 20 steps of two tasks": () =>
    mean({
      weigh(gram, tasks, state) {
        refuse(gram);
        tf.scalar(1);
        return { weights: new Float64Array(tasks.length).fill(1), state };
      },
    }),
  "lowers the summed loss of two tasks that agree": () =>
    mean({
      weigh(gram, tasks, state) {
        refuse(gram);
        return { weights: new Float64Array(tasks.length).fill(-1), state };
      },
    }),
};
for (const [name, make] of Object.entries(weighing)) {
  it(`a weighing combiner that breaks "${name}" fails this check only`, async () => {
    expect(await failing(combinerChecks(make))).toEqual([name]);
  });
}
it("a combiner that differs from the oracle fails the check of the oracle", async () => {
  const jacobian = [
    [1, 0],
    [0, 1],
  ];
  const right = { source: "by hand", cases: [{ name: "mean", jacobian, update: [0.5, 0.5] }] };
  const wrong = { source: "by hand", cases: [{ name: "mean", jacobian, update: [0.5, 0.6] }] };
  expect(await failing(combinerChecks(() => mean(), { oracle: right }))).toEqual([]);
  expect(await failing(combinerChecks(() => mean(), { oracle: wrong }))).toEqual(["gives the updates of the oracle"]);
});

const elementwise = (merge: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): ElementwiseCombiner<null> => ({
  name: "broken",
  init: () => null,
  combine(byTask, state) {
    const [a, b] = Object.values(byTask) as [TensorMap, TensorMap];
    return { grads: mapTensors(a, (g, name) => merge(g, b[name] as tf.Tensor)), state };
  },
});
const combining: { readonly [check: string]: () => AnyCombiner } = {
  "keeps names and shapes, and leaves its inputs unchanged": () =>
    elementwise((a, b) => (a.rank === 4 ? tf.mean(a) : tf.add(a, b))),
  "is finite for gradients of zero": () =>
    elementwise((a, b) => tf.mul(tf.add(a, b), tf.div(tf.sum(tf.abs(a)), tf.sum(tf.abs(a))))),
  "is finite for gradients of 1e-20": () =>
    elementwise((a, b) => {
      const size = tf.max(tf.abs(a));
      const tiny = tf.logicalAnd(tf.greater(size, 0), tf.less(size, 1e-15));
      return tf.where(tiny, tf.fill(a.shape, Number.NaN), tf.add(a, b));
    }),
  "is finite for gradients of 1e20": () => elementwise((a, b) => tf.add(a, tf.mul(b, tf.add(tf.square(b), 1)))),
  "lowers the summed loss of two tasks that agree": () => elementwise((a, b) => tf.neg(tf.add(a, b))),
};
for (const [name, make] of Object.entries(combining)) {
  it(`an element-wise combiner that breaks "${name}" fails this check only`, async () => {
    expect(await failing(combinerChecks(make))).toEqual([name]);
  });
}
