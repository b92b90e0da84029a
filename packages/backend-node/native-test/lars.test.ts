import { type AnyRule, type BackendSession, HookedOptimizer } from "@graftjs/core";
import { type LarsMomentumOptions, lamb, larsMomentum, trustStates } from "@graftjs/lars";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dispose, gradients, net } from "../../lars/test/sample.ts";
import { nativeBackend } from "../src/index.ts";

let session: BackendSession;
beforeAll(async () => {
  session = await nativeBackend().init();
});
afterAll(() => session.dispose());

/** Takes five steps, one with zero gradients for a kernel and one with a frozen head. Returns weights and trust ratios. */
function run(rule: AnyRule, scale: number, zeros: readonly string[]): number[][] {
  const params = net(zeros);
  const optimizer = new HookedOptimizer({
    params,
    rule,
    learningRate: (step) => [0.5, 0.25, 1, 0, 2][step] ?? 1,
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
  const reports = state ? [state.ratios, state.weightNorms, state.gradNorms] : [];
  const found = [...params.map(({ variable }) => variable), ...reports].map((tensor) => [...tensor.dataSync()]);
  optimizer.dispose();
  dispose(params);
  return found;
}

/** Compares fused and composed steps on this backend, and checks that no tensor is left. */
function compare(make: () => AnyRule, scale = 1, zeros: readonly string[] = []): void {
  const { applyFused, ...composed } = make();
  expect(applyFused).toBeTypeOf("function");
  const want = run(composed as AnyRule, scale, zeros);
  const before = tf.memory().numTensors;
  let fused = 0;
  const rule = make();
  const counted: AnyRule = {
    ...rule,
    applyFused: (...args) => {
      const out = rule.applyFused?.(...args);
      if (out) fused++;
      return out;
    },
  };
  const got = run(counted, scale, zeros);
  expect(fused, "fused steps").toBe(5);
  expect(tf.memory().numTensors).toBe(before);
  expect(got.length).toBe(want.length);
  for (const [k, list] of want.entries()) {
    const largest = Math.max(...list.map(Math.abs));
    for (const [i, x] of list.entries()) {
      expect(Math.abs((got[k]?.[i] as number) - x), `${k}[${i}]`).toBeLessThanOrEqual(5e-6 * largest);
    }
  }
}

const base: LarsMomentumOptions = { trustCoefficient: 0.1, weightDecay: 0.01 };

describe("GraftLars and GraftLamb agree with the composed path", () => {
  for (const dialect of ["paper", "torch", "larc", "optax", "tf-classic", "tf-popular"] as const) {
    for (const [name, options] of Object.entries<LarsMomentumOptions>({
      "no momentum": { momentum: 0 },
      "Nesterov, dampening": { momentum: 0.9, nesterov: true, dampening: 0.2 },
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
    it.each([1e-20, 1e20])(`${dialect}, gradients of %d`, (scale) =>
      compare(() => larsMomentum({ ...base, dialect, epsilon: 0, momentum: 0.9, excludeFromRatio: [] }), scale),
    );
  }

  it.each([
    ["plain", {}],
    ["with the pre-clip", { maxGradNorm: 1 }],
    ["by layer, bounds", { granularity: "layer", minRatio: 0.1, maxRatio: 0.5 }],
    ["everything adapted, no decay", { excludeFromRatio: [], weightDecay: 0 }],
  ] as const)("LAMB, %s", (_, options) => compare(() => lamb(options)));
});
