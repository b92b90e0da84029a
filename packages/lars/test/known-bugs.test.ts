import "@tensorflow/tfjs-backend-cpu";
import { type AnyRule, HookedOptimizer, loadState, type Param, saveState } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { lamb, lars, larsMomentum, trustStates } from "../src/index.ts";
import { dispose, gradients, net, norm, numbers, param, ratiosOf } from "./sample.ts";

beforeEach(() => tf.setBackend("cpu"));

/** Weights after steps with these gradients for one kernel. */
function kernel(
  rule: AnyRule,
  start: readonly number[],
  steps: readonly (readonly number[])[],
  rates: readonly number[],
) {
  const one = param("a/kernel", [start.length, 1], start);
  const optimizer = new HookedOptimizer({ params: [one], rule, learningRate: (step) => rates[step] as number });
  for (const g of steps) tf.tidy(() => optimizer.applyNamed({ "a/kernel": tf.tensor([...g], [g.length, 1]) }));
  const weights = [...one.variable.dataSync()];
  optimizer.dispose();
  dispose([one]);
  return weights;
}

describe("faults of public implementations that ours does not have", () => {
  it("a zero-initialised bias moves, adapted or not (Spijkervet/SimCLR #27, pytorch-lamb PR #6: `>=` in the guard)", () => {
    const rules = [
      ...(["rms-floor", "one", "eta", "exclude"] as const).map((zeroNorm) =>
        larsMomentum({ zeroNorm, excludeFromRatio: [] }),
      ),
      larsMomentum(),
      lamb({ excludeFromRatio: [] }),
      lamb({ zeroNorm: "one", excludeFromRatio: [] }),
    ];
    for (const rule of rules) {
      const params = net(["head/bias", "head/kernel"]);
      const optimizer = new HookedOptimizer({ params, rule, learningRate: 1 });
      tf.tidy(() => optimizer.applyNamed(gradients(params, 0)));
      for (const { name, variable } of params) expect(norm(variable.dataSync()), name).toBeGreaterThan(0);
      optimizer.dispose();
      dispose(params);
    }
  });

  it("β = 0 is LARS all the same (PaddlePaddle PR #40892; timm and lightning-bolts switch it off)", () => {
    const [a] = kernel(larsMomentum({ dialect: "torch", weightDecay: 0 }), [3, 4], [[1e3, 0]], [1]);
    expect(a).toBeCloseTo(3 - 0.001 * 5, 6); // ‖w‖ = 5: the step is η‖w‖ long, where plain SGD takes 1000
  });

  it("the rate is not applied to the whole velocity again (AiDotNet.Tensors PR #955)", () => {
    const rule = larsMomentum({ weightDecay: 0, momentum: 0.9, trustCoefficient: 0.1 });
    const [a] = kernel(
      rule,
      [3, 4],
      [
        [1, 0],
        [0, 0],
      ],
      [1, 0],
    );
    // Rate 0 in the second step: the velocity of the first, 0.5, goes on by 0.9.
    expect(a).toBeCloseTo(3 - 0.5 - 0.45, 5);
  });

  it("decay is in the step and not in the denominator alone (AiDotNet.Tensors PR #955)", () => {
    const [a, b] = kernel(larsMomentum({ weightDecay: 0.5, momentum: 0 }), [3, 4], [[1, 0]], [1]);
    const ratio = (0.001 * 5) / (1 + 0.5 * 5);
    expect(a).toBeCloseTo(3 - ratio * (1 + 1.5), 6);
    expect(b).toBeCloseTo(4 - ratio * 2, 6);
  });

  it("epsilon keeps a tiny gradient from a huge ratio, where it is asked for (AiDotNet.Tensors PR #955)", () => {
    const one = param("a/kernel", [2, 1], [3, 4]);
    const optimizer = new HookedOptimizer({
      params: [one],
      rule: larsMomentum({ weightDecay: 0, epsilon: 1e-3 }),
      learningRate: 1,
    });
    tf.tidy(() => optimizer.applyNamed({ "a/kernel": tf.tensor([1e-20, 0], [2, 1]) }));
    expect(ratiosOf(optimizer)[0]).toBeCloseTo(5, 5);
    optimizer.dispose();
    dispose([one]);
  });

  it("norms are per tensor, not over the network (google/objax PR #136)", () => {
    const params = [param("a/kernel", [2, 1], [3, 4]), param("b/kernel", [2, 1], [30, 40])];
    const optimizer = new HookedOptimizer({ params, rule: larsMomentum({ weightDecay: 0 }), learningRate: 1 });
    tf.tidy(() =>
      optimizer.applyNamed({ "a/kernel": tf.tensor([1, 0], [2, 1]), "b/kernel": tf.tensor([0, 2], [2, 1]) }),
    );
    const [a, b] = ratiosOf(optimizer);
    expect(a).toBeCloseTo(0.005, 8);
    expect(b).toBeCloseTo(0.025, 8);
    optimizer.dispose();
    dispose(params);
  });

  it("exclusions hold after a reload, and an empty list excludes none (tensorflow/models lars.py)", async () => {
    const rule = (): AnyRule => larsMomentum({ excludeFromRatio: "head/kernel", excludeFromDecay: [] });
    const make = (params: readonly Param[]): HookedOptimizer =>
      new HookedOptimizer({ params, rule: rule(), learningRate: 1 });
    const params = net();
    const optimizer = make(params);
    tf.tidy(() => optimizer.applyNamed(gradients(params, 0)));
    const saved = await saveState(optimizer);
    const copies = net();
    for (const [i, { variable }] of copies.entries()) variable.assign((params[i] as Param).variable);
    const resumed = make(copies);
    loadState(resumed, saved);
    for (const one of [optimizer, resumed]) tf.tidy(() => one.applyNamed(gradients(params, 1)));
    for (const one of [optimizer, resumed]) {
      const ratios = ratiosOf(one);
      expect(ratios[3]).toBe(1);
      expect(ratios.filter((ratio) => ratio !== 1).length).toBe(4); // biases and gamma too: only the kernel was named
    }
    expect(copies.map(({ variable }) => [...variable.dataSync()])).toEqual(
      params.map(({ variable }) => [...variable.dataSync()]),
    );
    for (const one of [optimizer, resumed]) one.dispose();
    dispose([...params, ...copies]);
  });

  it("epsilon 0 is 0 (mlcommons: `epsilon or backend_config.epsilon()`)", () => {
    // With 1e-7 in the denominator the step would be 1e-7 of what it is.
    const [a] = kernel(larsMomentum({ weightDecay: 0, epsilon: 0, momentum: 0 }), [3, 4], [[1e-14, 0]], [1]);
    expect(a).toBeCloseTo(3 - 0.005, 6);
    const torch = kernel(larsMomentum({ dialect: "torch", epsilon: 0 }), [3, 4], [[1e-14, 0]], [1]);
    expect(torch[0]).toBeCloseTo(3 - 0.005, 6);
  });

  it("the first velocity is the scaled gradient, not the raw one (kozistr/pytorch_optimizer: a step 150 times too far)", () => {
    const rule = larsMomentum({ dialect: "torch", momentum: 0.9, weightDecay: 0.01 });
    const [a] = kernel(rule, [1, 2, 2], [[0.3, 0, 0.4]], [1]);
    expect(a).toBeCloseTo(0.998245283, 6);
    expect(Math.abs((a as number) - 0.72814)).toBeGreaterThan(0.2);
  });

  it("1-D parameters are not adapted unless asked for (solo-learn #301)", () => {
    const params = net();
    const optimizer = new HookedOptimizer({ params, rule: larsMomentum(), learningRate: 1 });
    const before = [...(params[1] as Param).variable.dataSync()];
    const grads = gradients(params, 0);
    const g = [...(grads["conv/bias"] as tf.Tensor).dataSync()];
    optimizer.applyNamed(grads);
    tf.dispose(grads);
    const after = [...(params[1] as Param).variable.dataSync()];
    for (const [i, x] of after.entries()) expect(x).toBeCloseTo((before[i] as number) - (g[i] as number), 6);
    expect(trustStates(optimizer)[0]?.adapted).toEqual([true, false, false, true, false]);
    optimizer.dispose();
    dispose(params);
  });

  it("options that do not belong are errors, not dropped (timm's factory drops eps and betas)", () => {
    expect(() => lars({ betas: [0.9, 0.999] } as object)).toThrow(/`betas` is not an option/);
    expect(() => larsMomentum({ eps: 1e-8 } as object)).toThrow(/`eps` is not an option/);
  });

  it("squares that do not fit float32 give a norm all the same", () => {
    for (const scale of [1e-30, 1e30]) {
      const [a] = kernel(
        larsMomentum({ weightDecay: 0, momentum: 0 }),
        [3, 4],
        [numbers(1, 2).map((x) => x * scale)],
        [1],
      );
      const [x, y] = numbers(1, 2) as [number, number];
      expect(a).toBeCloseTo(3 - (0.005 * x) / Math.hypot(x, y), 6);
    }
  });
});
