import "@tensorflow/tfjs-backend-cpu";
import { type AnyRule, HookedOptimizer, loadState, type Param, saveState } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { lamb, lars, larsMomentum, trustStates } from "../src/index.ts";
import { dispose, gradients, net, norm, numbers, param, ratiosOf } from "./sample.ts";

beforeEach(() => tf.setBackend("cpu"));

/** Takes one step per gradient with a single kernel. Returns its weights. */
function trainKernel(
  rule: AnyRule,
  start: readonly number[],
  steps: readonly (readonly number[])[],
  rates: readonly number[],
) {
  const weight = param("a/kernel", [start.length, 1], start);
  const optimizer = new HookedOptimizer({ params: [weight], rule, learningRate: (step) => rates[step] as number });
  for (const g of steps) tf.tidy(() => optimizer.applyNamed({ "a/kernel": tf.tensor([...g], [g.length, 1]) }));
  const values = [...weight.variable.dataSync()];
  optimizer.dispose();
  dispose([weight]);
  return values;
}

describe("bugs of public implementations that Graft does not have", () => {
  it("a bias that starts at zero moves, adapted or not (Spijkervet/SimCLR #27, pytorch-lamb PR #6: `>=` in a condition)", () => {
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

  it("β = 0 still scales (PaddlePaddle PR #40892; timm and lightning-bolts switch LARS off)", () => {
    const [a] = trainKernel(larsMomentum({ dialect: "torch", weightDecay: 0 }), [3, 4], [[1e3, 0]], [1]);
    expect(a).toBeCloseTo(3 - 0.001 * 5, 6); // ‖w‖ = 5, so the step has length η‖w‖; that of plain SGD would be 1000
  });

  it("the rate is not applied to the velocity again (AiDotNet.Tensors PR #955)", () => {
    const rule = larsMomentum({ weightDecay: 0, momentum: 0.9, trustCoefficient: 0.1 });
    const [a] = trainKernel(
      rule,
      [3, 4],
      [
        [1, 0],
        [0, 0],
      ],
      [1, 0],
    );
    // The second step has rate 0. It moves by 0.9 times the velocity of the first step, which is 0.5.
    expect(a).toBeCloseTo(3 - 0.5 - 0.45, 5);
  });

  it("decay is in the step too, not only in the denominator (AiDotNet.Tensors PR #955)", () => {
    const [a, b] = trainKernel(larsMomentum({ weightDecay: 0.5, momentum: 0 }), [3, 4], [[1, 0]], [1]);
    const ratio = (0.001 * 5) / (1 + 0.5 * 5);
    expect(a).toBeCloseTo(3 - ratio * (1 + 1.5), 6);
    expect(b).toBeCloseTo(4 - ratio * 2, 6);
  });

  it("epsilon limits the ratio of a tiny gradient (AiDotNet.Tensors PR #955)", () => {
    const weight = param("a/kernel", [2, 1], [3, 4]);
    const optimizer = new HookedOptimizer({
      params: [weight],
      rule: larsMomentum({ weightDecay: 0, epsilon: 1e-3 }),
      learningRate: 1,
    });
    tf.tidy(() => optimizer.applyNamed({ "a/kernel": tf.tensor([1e-20, 0], [2, 1]) }));
    expect(ratiosOf(optimizer)[0]).toBeCloseTo(5, 5);
    optimizer.dispose();
    dispose([weight]);
  });

  it("norms are per tensor, not over the whole network (google/objax PR #136)", () => {
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
    for (const each of [optimizer, resumed]) tf.tidy(() => each.applyNamed(gradients(params, 1)));
    for (const each of [optimizer, resumed]) {
      const ratios = ratiosOf(each);
      expect(ratios[3]).toBe(1);
      expect(ratios.filter((ratio) => ratio !== 1).length).toBe(4); // biases and gamma are adapted too, because only the kernel is excluded
    }
    expect(copies.map(({ variable }) => [...variable.dataSync()])).toEqual(
      params.map(({ variable }) => [...variable.dataSync()]),
    );
    for (const each of [optimizer, resumed]) each.dispose();
    dispose([...params, ...copies]);
  });

  it("epsilon 0 is 0 (mlcommons: `epsilon or backend_config.epsilon()`)", () => {
    // With 1e-7 in the denominator, the step would be 1e-7 times as long.
    const [a] = trainKernel(larsMomentum({ weightDecay: 0, epsilon: 0, momentum: 0 }), [3, 4], [[1e-14, 0]], [1]);
    expect(a).toBeCloseTo(3 - 0.005, 6);
    const torch = trainKernel(larsMomentum({ dialect: "torch", epsilon: 0 }), [3, 4], [[1e-14, 0]], [1]);
    expect(torch[0]).toBeCloseTo(3 - 0.005, 6);
  });

  it("the first velocity is the scaled gradient, not the raw one (kozistr/pytorch_optimizer: a step 150 times too long)", () => {
    const rule = larsMomentum({ dialect: "torch", momentum: 0.9, weightDecay: 0.01 });
    const [a] = trainKernel(rule, [1, 2, 2], [[0.3, 0, 0.4]], [1]);
    expect(a).toBeCloseTo(0.998245283, 6);
    expect(Math.abs((a as number) - 0.72814)).toBeGreaterThan(0.2);
  });

  it("1-D parameters are not adapted by default (solo-learn #301)", () => {
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

  it("unknown options are errors (timm's factory ignores eps and betas)", () => {
    expect(() => lars({ betas: [0.9, 0.999] } as object)).toThrow(/`betas` is not an option/);
    expect(() => larsMomentum({ eps: 1e-8 } as object)).toThrow(/`eps` is not an option/);
  });

  it("norms are right even if the squares overflow float32", () => {
    for (const scale of [1e-30, 1e30]) {
      const [a] = trainKernel(
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
