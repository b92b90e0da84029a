import { testHook, testRule } from "@graftjs/testing";
import { addDecayedWeights, decoupledWeightDecay } from "@graftjs/transforms";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { type AnyRule, adam, adamw, gradientDescent, HookedOptimizer, sgd } from "../src/index.ts";
import { disposeAll, params, tensors } from "./nets.ts";
import oracle from "./oracle.json" with { type: "json" };

const squares = {
  "is finite for gradients of 1e20": "1e20 squared overflows float32: Adam's second moment, in every implementation",
};
testRule((options) => sgd(options ?? { momentum: 0.9 }), { oracle: oracle.rules.sgd });
testRule(() => sgd({ momentum: 0.9, dampening: 0.3, nesterov: true, rateInVelocity: true }));
testRule((options) => adam(options), { oracle: oracle.rules.adam, expectedFailures: squares });
testRule((options) => adamw(options), { oracle: oracle.rules.adamw, expectedFailures: squares });
testRule(() => gradientDescent());
testRule(
  ({ momentum, weightDecay } = { momentum: 0.9, weightDecay: 0.1 }) =>
    decoupledWeightDecay(sgd({ momentum }), { weightDecay }),
  { oracle: oracle.rules.sgdw },
);
testHook((options) => addDecayedWeights(options ?? { weightDecay: 0.01 }), {
  oracle: oracle.hooks["add-decayed-weights"],
});

/** Weights after each step of `rule` over the oracle's gradients. */
function trajectory(
  rule: AnyRule,
  rates: readonly number[],
  hooks: ConstructorParameters<typeof HookedOptimizer>[0]["hooks"] = [],
): number[][] {
  const held = params(oracle.params);
  const optimizer = new HookedOptimizer({ params: held, hooks, rule, learningRate: (step) => rates[step] as number });
  const weights = oracle.grads.map((values) => {
    const grads = tensors(values);
    optimizer.applyNamed(grads);
    tf.dispose(grads as tf.NamedTensorMap);
    return held.flatMap(({ variable }) => [...variable.dataSync()]);
  });
  optimizer.dispose();
  disposeAll(...held);
  return weights;
}

function expectClose(
  got: readonly (readonly number[])[],
  expected: readonly { readonly [name: string]: unknown }[],
): void {
  expected.forEach((weights, step) => {
    const flat = Object.values(weights).flat(4) as number[];
    for (const [i, value] of flat.entries()) expect(got[step]?.[i], `step ${step}, number ${i}`).toBeCloseTo(value, 5);
  });
}

beforeEach(() => tf.setBackend("cpu"));

describe("whole runs", () => {
  const make: Record<string, (options: object) => AnyRule> = { sgd, adam, adamw };
  for (const { name, rule, options, rates, weights } of oracle.runs) {
    it(`${name}: the weights after every step are ${name === "rate in the velocity" ? "those written out" : "torch's"}`, () => {
      expectClose(trajectory((make[rule] as (options: object) => AnyRule)(options), rates), weights as never);
    });
  }
});

describe("identities", () => {
  const rates = [0.1, 0.1, 0.1, 0.1, 0.1, 0.1];
  it("sgd without momentum is descend, bit for bit", () => {
    expect(trajectory(sgd(), rates)).toEqual(trajectory(gradientDescent(), rates));
  });
  it("under a constant rate it makes no difference where the rate enters", () => {
    const [inside, outside] = [true, false].map((rateInVelocity) =>
      trajectory(sgd({ momentum: 0.9, rateInVelocity }), rates),
    ) as [number[][], number[][]];
    for (const [i, value] of inside.flat().entries()) expect(value).toBeCloseTo(outside.flat()[i] as number, 5);
  });
  it("adamw without decay is adam, bit for bit; so is a decoupled decay of 0 of its rule", () => {
    expect(trajectory(adamw({ weightDecay: 0 }), rates)).toEqual(trajectory(adam(), rates));
    expect(trajectory(decoupledWeightDecay(adam(), { weightDecay: 0, on: "head/kernel" }), rates)).toEqual(
      trajectory(adam(), rates),
    );
  });
  it("without momentum coupled and decoupled decay are the same", () => {
    const coupled = trajectory(sgd(), rates, [addDecayedWeights({ weightDecay: 0.2 })]).flat();
    const decoupled = trajectory(decoupledWeightDecay(sgd(), { weightDecay: 0.2 }), rates).flat();
    for (const [i, value] of coupled.entries()) expect(value).toBeCloseTo(decoupled[i] as number, 5);
  });
  it("adamw is adam with decoupled decay", () => {
    const [one, two] = [adamw({ weightDecay: 0.3 }), decoupledWeightDecay(adam(), { weightDecay: 0.3 })].map((rule) =>
      trajectory(rule, rates).flat(),
    );
    for (const [i, value] of (one as number[]).entries()) expect(value).toBeCloseTo(two?.[i] as number, 5);
  });
});

it("a rate multiplier is a rate: doubled on the head, halved over time elsewhere", () => {
  const held = params({ "hidden/kernel": [1, 1], "head/kernel": [1, 1] });
  const optimizer = new HookedOptimizer({
    params: held,
    rule: sgd(),
    learningRate: 0.1,
    rateMultipliers: [
      { params: "head", factor: 2 },
      { params: "hidden/**", factor: (step) => 0.5 ** step },
    ],
  });
  const grads = tensors({ "hidden/kernel": [1, 1], "head/kernel": [1, 1] });
  for (let i = 0; i < 2; i++) optimizer.applyNamed(grads);
  // hidden: 1 − 0.1 − 0.05; head: 1 − 0.2 − 0.2.
  expect(held[0]?.variable.dataSync()[0]).toBeCloseTo(0.85, 6);
  expect(held[1]?.variable.dataSync()[0]).toBeCloseTo(0.6, 6);
  tf.dispose(grads as tf.NamedTensorMap);
  optimizer.dispose();
  disposeAll(...held);
});
