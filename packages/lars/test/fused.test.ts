import "@tensorflow/tfjs-backend-cpu";
import { wasmBackend } from "@graftjs/backend-wasm";
import { type AnyRule, type BackendSession, HookedOptimizer } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LambOptions, type LarsMomentumOptions, lamb, larsMomentum, trustStates } from "../src/index.ts";
import { dispose, gradients, net } from "./sample.ts";

let session: BackendSession;
beforeAll(async () => {
  session = await wasmBackend().init();
});
afterAll(() => session.dispose());

interface Result {
  readonly weights: readonly (readonly number[])[];
  readonly ratios: readonly number[];
  readonly weightNorms: readonly number[];
  readonly gradNorms: readonly number[];
}

/** Takes five steps. In the third, one kernel has zero gradients. In the fourth, the head is frozen. */
function run(rule: AnyRule, scale = 1, zeros: readonly string[] = []): Result {
  const params = net(zeros);
  const rate = (step: number): number => [0.5, 0.25, 1, 0, 2][step] ?? 1;
  const optimizer = new HookedOptimizer({
    params,
    rule,
    learningRate: rate,
    rateMultipliers: [{ params: "head", factor: 0.5 }],
  });
  for (let step = 0; step < 5; step++) {
    if (step === 3) optimizer.freeze("head");
    if (step === 4) optimizer.unfreeze("all");
    tf.tidy(() => {
      const grads = gradients(params, step, scale);
      const dead = step === 2 ? { "conv/kernel": tf.zerosLike(grads["conv/kernel"] as tf.Tensor) } : {};
      optimizer.applyNamed({ ...grads, ...dead });
    });
  }
  const [state] = trustStates(optimizer);
  if (!state) throw new Error("The rule has no ratios in its state.");
  const [ratios, weightNorms, gradNorms] = [state.ratios, state.weightNorms, state.gradNorms].map((t) => [
    ...t.dataSync(),
  ]);
  const weights = params.map(({ variable }) => [...variable.dataSync()]);
  optimizer.dispose();
  dispose(params);
  return { weights, ratios: ratios ?? [], weightNorms: weightNorms ?? [], gradNorms: gradNorms ?? [] };
}

/** Compares the fused path on wasm with the composed path on cpu, and checks that wasm frees all tensors. */
async function compare(make: () => AnyRule, scale = 1, zeros: readonly string[] = []): Promise<void> {
  await tf.setBackend("cpu");
  const composed = run(make(), scale, zeros);
  await tf.setBackend("wasm");
  const before = tf.memory().numTensors;
  let fused = 0;
  const rule = make();
  const { applyFused } = rule;
  const counted: AnyRule = {
    ...rule,
    applyFused: (...args) => {
      const out = applyFused?.apply(rule, args);
      if (out) fused++;
      return out;
    },
  };
  const got = run(counted, scale, zeros);
  expect(fused, "fused steps").toBe(5);
  expect(tf.memory().numTensors).toBe(before);
  const checkClose = (a: readonly number[], b: readonly number[], label: string): void => {
    const largest = Math.max(...b.map(Math.abs));
    for (const [i, x] of b.entries()) {
      expect(Math.abs((a[i] as number) - x), `${label}[${i}]: ${a[i]}, ${x}`).toBeLessThanOrEqual(3e-6 * largest);
    }
  };
  for (const [i, want] of composed.weights.entries()) checkClose(got.weights[i] as number[], want, `weights ${i}`);
  for (const key of ["ratios", "weightNorms", "gradNorms"] as const) {
    for (const [i, x] of composed[key].entries()) checkClose([got[key][i] as number], [x], `${key} ${i}`);
  }
}

const dialects = ["paper", "torch", "larc", "optax", "tf-classic", "tf-popular"] as const;
const base: LarsMomentumOptions = { trustCoefficient: 0.1, weightDecay: 0.01 };

describe("the fused path takes the same steps as the composed path", () => {
  for (const dialect of dialects) {
    for (const [name, options] of Object.entries<LarsMomentumOptions>({
      momentum: { momentum: 0.9 },
      "no momentum": { momentum: 0 },
      Nesterov: { momentum: 0.9, nesterov: true },
      "Nesterov, dampening": { momentum: 0.9, nesterov: true, dampening: 0.2 },
      "everything adapted, by layer": { momentum: 0.9, granularity: "layer", excludeFromDecay: "bias" },
      "one group, bounds": { momentum: 0.9, granularity: () => "all", minRatio: 0.02, maxRatio: 0.05 },
    })) {
      it(`${dialect}, ${name}`, () => compare(() => larsMomentum({ ...base, ...options, dialect })));
    }
    for (const zeroNorm of ["rms-floor", "one", "eta", "exclude"] as const) {
      it(`${dialect}, zero weights and gradients, ${zeroNorm}`, () =>
        compare(() => larsMomentum({ ...base, dialect, zeroNorm, momentum: 0.9, minRatio: 0.001 }), 1, [
          "head/kernel",
        ]));
    }
    for (const scale of [1e-20, 1e20]) {
      it(`${dialect}, gradients of ${scale}`, () =>
        compare(() => larsMomentum({ ...base, dialect, epsilon: 0, momentum: 0.9, excludeFromRatio: [] }), scale));
    }
  }

  for (const [name, options] of Object.entries<LambOptions>({
    plain: {},
    "with maxGradNorm": { maxGradNorm: 1 },
    "by layer, bounds": { granularity: "layer", minRatio: 0.1, maxRatio: 0.5 },
    "everything adapted, no decay": { excludeFromRatio: [], weightDecay: 0 },
    "zero weights, ratio 1": { zeroNorm: "one" },
  })) {
    it(`LAMB, ${name}`, () => compare(() => lamb(options), 1, name.startsWith("zero") ? ["head/kernel"] : []));
  }
});

describe("the update in place", () => {
  it("does not change a clone of the weights", async () => {
    await tf.setBackend("wasm");
    const params = net();
    const optimizer = new HookedOptimizer({ params, rule: larsMomentum(base), learningRate: 1 });
    const backup = params.map(({ variable }) => tf.clone(variable));
    const before = backup.map((tensor) => [...tensor.dataSync()]);
    for (let step = 0; step < 2; step++) tf.tidy(() => optimizer.applyNamed(gradients(params, step)));
    expect(backup.map((tensor) => [...tensor.dataSync()])).toEqual(before);
    expect([...(params[0]?.variable.dataSync() ?? [])]).not.toEqual(before[0]);
    tf.dispose(backup);
    optimizer.dispose();
    dispose(params);
  });
});
