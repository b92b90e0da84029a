import "@tensorflow/tfjs-backend-cpu";
import { type AnyRule, HookedOptimizer, masked, type Param, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { type LarsMomentumOptions, lamb, lars, larsMomentum, trustStates } from "../src/index.ts";
import { dispose, gradients, net, norm, numbers, param, ratiosOf } from "./sample.ts";

beforeEach(() => tf.setBackend("cpu"));

const plain: LarsMomentumOptions = { weightDecay: 0, epsilon: 0, momentum: 0 };
const every = { excludeFromRatio: [], excludeFromDecay: [] };

/** Takes `steps` steps. Returns the weights, Δw of the last step and the ratios. */
function run(
  rule: AnyRule,
  { scale = 1, steps = 1, rate = 0.5, params = net(), hooks = [] as ReturnType<typeof lars>[] } = {},
): { weights: Record<string, Float32Array>; moved: Record<string, number[]>; ratios: number[] } {
  const optimizer = new HookedOptimizer({ params, hooks, rule, learningRate: rate });
  const read = (): Record<string, Float32Array> =>
    Object.fromEntries(params.map(({ name, variable }) => [name, variable.dataSync<"float32">().slice()]));
  let before = read();
  for (let step = 0; step < steps; step++) {
    before = read();
    tf.tidy(() => optimizer.applyNamed(gradients(params, step, scale)));
  }
  const weights = read();
  const ratios = ratiosOf(optimizer);
  optimizer.dispose();
  dispose(params);
  const moved = Object.fromEntries(
    Object.entries(weights).map(([name, after]) => [name, [...after].map((x, i) => x - (before[name]?.[i] as number))]),
  );
  return { weights, moved, ratios };
}

describe("β = 0, ε = 0, m = 0", () => {
  for (const dialect of ["paper", "torch", "optax", "tf-classic", "tf-popular"] as const) {
    it(`${dialect}: ‖Δw‖ is rate · η · ‖w‖ for every parameter`, () => {
      const start = net();
      const norms = Object.fromEntries(start.map(({ name, variable }) => [name, norm(variable.dataSync())]));
      dispose(start);
      const { moved } = run(larsMomentum({ ...plain, ...every, dialect, trustCoefficient: 0.1 }));
      for (const [name, delta] of Object.entries(moved)) {
        expect(norm(delta) / (0.5 * 0.1 * (norms[name] as number)), name).toBeCloseTo(1, 5);
      }
    });

    it(`${dialect}: gradients scaled by 1e-20 … 1e20 give the same step`, () => {
      const rule = (): AnyRule => larsMomentum({ ...plain, ...every, dialect, trustCoefficient: 0.1 });
      const { weights: expected } = run(rule(), { steps: 3 });
      for (const scale of [1e-20, 1e-10, 1e-3, 1e3, 1e10, 1e20]) {
        const { weights } = run(rule(), { steps: 3, scale });
        for (const [name, values] of Object.entries(weights)) {
          const want = expected[name] as Float32Array;
          expect(
            Math.max(...values.map((x, i) => Math.abs(x - (want[i] as number)))),
            `${name}, ${scale}`,
          ).toBeLessThan(4e-7);
        }
      }
    });
  }

  it("the hook gives gradients of length η·‖w‖ for any length of the input", () => {
    for (const scale of [1e-20, 1, 1e20]) {
      tf.tidy(() => {
        const params = net();
        const values = Object.fromEntries(params.map(({ name, variable }) => [name, variable]));
        const ctx = { step: 0, learningRate: 1, rates: {}, params: values, infos: params };
        const hook = lars({ weightDecay: 0, epsilon: 0, ...every });
        const { grads } = hook.transform(gradients(params, 0, scale), hook.init(values, params), ctx);
        for (const { name, variable } of params) {
          expect(norm((grads[name] as tf.Tensor).dataSync()) / (0.001 * norm(variable.dataSync()))).toBeCloseTo(1, 5);
        }
        dispose(params);
      });
    }
  });
});

describe("ratios", () => {
  it("paper, β > 0: ratios are at most η / β, even for tiny gradients", () => {
    const { ratios } = run(larsMomentum({ ...every, weightDecay: 0.01, trustCoefficient: 0.001 }), { scale: 1e-12 });
    for (const ratio of ratios) expect(ratio).toBeLessThanOrEqual(0.1 * (1 + 1e-6));
    expect(Math.max(...ratios)).toBeGreaterThan(0.0999);
  });

  it("are between minRatio and maxRatio, and 1 for excluded parameters", () => {
    const free = run(larsMomentum({ trustCoefficient: 0.1 })).ratios;
    expect(free.filter((_, i) => ![0, 3].includes(i))).toEqual([1, 1, 1]);
    const [low, high] = [
      Math.min(free[0] as number, free[3] as number),
      Math.max(free[0] as number, free[3] as number),
    ];
    expect(high / low).toBeGreaterThan(1.01);
    const middle = (low + high) / 2;
    expect(Math.min(...run(larsMomentum({ trustCoefficient: 0.1, minRatio: middle })).ratios)).toBeCloseTo(middle, 6);
    const capped = run(larsMomentum({ trustCoefficient: 0.1, maxRatio: middle })).ratios;
    expect(Math.max(capped[0] as number, capped[3] as number)).toBeCloseTo(middle, 6);
  });

  it("larc: the effective rate is at most γ", () => {
    const { ratios } = run(larsMomentum({ ...every, dialect: "larc", trustCoefficient: 1 }), { rate: 1e-3 });
    expect(ratios).toEqual([1, 1, 1, 1, 1]);
    const small = run(larsMomentum({ ...every, dialect: "larc", trustCoefficient: 1e-4 }), { rate: 1 }).ratios;
    const torch = run(larsMomentum({ ...every, dialect: "torch", trustCoefficient: 1e-4 }), { rate: 1 }).ratios;
    expect(small).toEqual(torch);
  });

  it("larc at rate 0: the weights stay and are not NaN", () => {
    const { moved, ratios } = run(larsMomentum({ ...every, dialect: "larc" }), { rate: 0 });
    expect(ratios).toEqual([1, 1, 1, 1, 1]);
    for (const delta of Object.values(moved)) expect(norm(delta)).toBe(0);
  });

  it("layer: kernel and bias of a layer share one ratio; a function forms groups by its result", () => {
    const layer = run(larsMomentum({ granularity: "layer" })).ratios;
    expect(layer[0]).toBe(layer[1]);
    expect(layer[3]).toBe(layer[4]);
    expect(layer[0]).not.toBe(layer[3]);
    const all = run(larsMomentum({ granularity: () => "all" })).ratios;
    expect(new Set(all).size).toBe(1);
  });

  it("layer: the shared ratio equals that of the concatenated tensors", () => {
    const [params, g] = [net(), tf.tidy(() => read(gradients(net(), 0)))];
    const w = read(Object.fromEntries(params.map(({ name, variable }) => [name, variable])));
    const both = (map: Record<string, number[]>): number =>
      norm([...(map["head/kernel"] ?? []), ...(map["head/bias"] ?? [])]);
    const { ratios } = run(larsMomentum({ granularity: "layer", weightDecay: 0.01, excludeFromDecay: [] }), { params });
    expect(ratios[4]).toBeCloseTo((0.001 * both(w)) / (both(g) + 0.01 * both(w)), 8);
  });
});

function read(map: { [name: string]: tf.Tensor }): Record<string, number[]> {
  return Object.fromEntries(Object.entries(map).map(([name, tensor]) => [name, [...tensor.dataSync()]]));
}

describe("identities", () => {
  it("the hook with sgd and the rate in the velocity equals the rule, bit for bit", () => {
    const options = { weightDecay: 0.01, trustCoefficient: 0.1 };
    const composed = run(sgd({ momentum: 0.9, rateInVelocity: true }), { hooks: [lars(options)], steps: 5 });
    expect(run(larsMomentum(options), { steps: 5 }).weights).toEqual(composed.weights);
  });

  it("paper and torch agree while the rate is constant, and differ once it changes", () => {
    const difference = (rate: (step: number) => number): number => {
      const both = (["paper", "torch"] as const).map((dialect) => {
        const params = net();
        const rule = larsMomentum({ dialect, momentum: 0.9, weightDecay: 0.01, epsilon: 0, trustCoefficient: 0.1 });
        const optimizer = new HookedOptimizer({ params, rule, learningRate: rate });
        for (let step = 0; step < 10; step++) tf.tidy(() => optimizer.applyNamed(gradients(params, step)));
        const values = params.flatMap(({ variable }) => [...variable.dataSync()]);
        optimizer.dispose();
        dispose(params);
        return values;
      });
      return Math.max(...(both[0] as number[]).map((x, i) => Math.abs(x - (both[1]?.[i] as number))));
    };
    expect(difference(() => 0.5)).toBeLessThan(1e-6);
    expect(difference((step) => 0.5 / (step + 1))).toBeGreaterThan(1e-2);
  });

  it("excluded parameters take the steps of plain momentum, bit for bit", () => {
    const momentum = { momentum: 0.9, weightDecay: 0.01 };
    const { weights } = run(
      larsMomentum({
        dialect: "torch",
        ...momentum,
        excludeFromRatio: { exclude: ["head/kernel"] },
        excludeFromDecay: "all",
      }),
      { steps: 4 },
    );
    const plain = run(sgd({ momentum: 0.9 }), { steps: 4 }).weights;
    for (const name of ["conv/kernel", "conv/bias", "norm/gamma", "head/bias"])
      expect(weights[name]).toEqual(plain[name]);
    expect(weights["head/kernel"]).not.toEqual(plain["head/kernel"]);
  });

  it("masked: parameters outside the mask are unchanged, bit for bit", () => {
    const options = { trustCoefficient: 0.1, weightDecay: 0.01 };
    const { weights, ratios } = run(sgd(), { hooks: [masked(lars(options), "conv/kernel")], steps: 3 });
    const plain = run(sgd(), { steps: 3 }).weights;
    expect(ratios.length).toBe(1);
    for (const name of Object.keys(plain)) {
      if (name === "conv/kernel") expect(weights[name]).not.toEqual(plain[name]);
      else expect(weights[name]).toEqual(plain[name]);
    }
  });
});

describe("groups", () => {
  it("a frozen member leaves its group, takes no step and has ratio 0", () => {
    const params = net();
    const optimizer = new HookedOptimizer({ params, rule: larsMomentum({ granularity: "layer" }), learningRate: 1 });
    optimizer.freeze("head/kernel");
    tf.tidy(() => optimizer.applyNamed(gradients(params, 0)));
    expect(ratiosOf(optimizer)[3]).toBe(0);
    expect(trustStates(optimizer)[0]?.adapted).toEqual([true, true, true, false, true]);
    optimizer.unfreeze("all");
    tf.tidy(() => optimizer.applyNamed(gradients(params, 1)));
    const ratios = ratiosOf(optimizer);
    expect(ratios[3]).toBe(ratios[4]);
    optimizer.dispose();
    dispose(params);
  });

  it("if all adapted parameters are frozen, the others continue with ratio 1", () => {
    const params = net();
    const optimizer = new HookedOptimizer({ params, rule: larsMomentum(), learningRate: 1 });
    optimizer.freeze("role:kernel");
    tf.tidy(() => optimizer.applyNamed(gradients(params, 0)));
    expect(ratiosOf(optimizer)).toEqual([0, 1, 1, 0, 1]);
    optimizer.dispose();
    dispose(params);
  });
});

describe("LAMB", () => {
  it("β = 0: ‖Δw‖ is rate · ‖w‖ for any scale of the gradient, with maxGradNorm", () => {
    const start = net();
    const norms = Object.fromEntries(start.map(({ name, variable }) => [name, norm(variable.dataSync())]));
    dispose(start);
    for (const scale of [1, 1e20]) {
      const { moved } = run(lamb({ weightDecay: 0, epsilon: 0, excludeFromRatio: [], maxGradNorm: 1 }), {
        scale,
        rate: 0.01,
      });
      for (const [name, delta] of Object.entries(moved)) {
        expect(norm(delta) / (0.01 * (norms[name] as number)), name).toBeCloseTo(1, 4);
      }
    }
  });
});

describe("zeroNorm", () => {
  const one = (values: readonly number[]): Param => param("head/kernel", [4, 2], values);
  const zero = Array<number>(8).fill(0);
  const first = (options: LarsMomentumOptions, weights: readonly number[], grads: readonly number[]): number => {
    const kernel = one(weights);
    const params = [kernel];
    const before = kernel.variable.dataSync<"float32">().slice();
    const optimizer = new HookedOptimizer({ params, rule: larsMomentum({ momentum: 0, ...options }), learningRate: 1 });
    tf.tidy(() => optimizer.applyNamed({ "head/kernel": tf.tensor([...grads], [4, 2]) }));
    const moved = norm(kernel.variable.dataSync<"float32">().map((x, i) => x - (before[i] as number)));
    expect(ratiosOf(optimizer).every(Number.isFinite)).toBe(true);
    optimizer.dispose();
    dispose(params);
    return moved;
  };
  const g = numbers(3, 8);

  it("a kernel that starts at zero moves: as if its RMS were rmsFloor, not a thousand times further than its neighbours", () => {
    const neighbour = first({ weightDecay: 0 }, numbers(1, 8), g);
    const floor = first({ weightDecay: 0 }, zero, g);
    expect(floor).toBeCloseTo(0.001 * 0.01 * Math.sqrt(8), 9);
    expect(floor).toBeGreaterThan(0);
    expect(floor).toBeLessThan(neighbour);
    const jump = first({ weightDecay: 0, zeroNorm: "one" }, zero, g);
    expect(jump).toBeCloseTo(norm(g), 5);
    expect(jump / neighbour).toBeGreaterThan(500);
    expect(first({ weightDecay: 0, zeroNorm: "eta" }, zero, g)).toBeCloseTo(0.001 * norm(g), 8);
    expect(first({ weightDecay: 0, zeroNorm: "exclude" }, zero, g)).toBeCloseTo(norm(g), 5);
  });

  it("a zero gradient: only the decay acts, with ratio η, with ratio 1, or not at all", () => {
    const w = numbers(1, 8);
    const decay = 0.01;
    expect(first({ weightDecay: decay }, w, zero)).toBeCloseTo(0.001 * decay * norm(w), 7);
    expect(first({ weightDecay: decay, zeroNorm: "eta" }, w, zero)).toBeCloseTo(0.001 * decay * norm(w), 7);
    expect(first({ weightDecay: decay, zeroNorm: "one" }, w, zero)).toBeCloseTo(decay * norm(w), 6);
    expect(first({ weightDecay: decay, zeroNorm: "exclude" }, w, zero)).toBe(0);
  });

  it("weights and gradient both zero: the weights stay, in every dialect and policy", () => {
    for (const dialect of ["paper", "torch", "larc", "optax", "tf-classic", "tf-popular"] as const) {
      for (const zeroNorm of ["rms-floor", "one", "eta", "exclude"] as const) {
        expect(first({ dialect, zeroNorm, weightDecay: 0.01 }, zero, zero)).toBe(0);
      }
    }
  });
});
