import "@tensorflow/tfjs-backend-cpu";
import { type AnyRule, adam, adamw, type FusedKernels, HookedOptimizer, runFused, sgd } from "@graftjs/core";
import { lamb, larsMomentum } from "@graftjs/lars";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { wasmBackend } from "../src/index.ts";
import { randomNumbers, relativeError } from "./reference.ts";

beforeAll(async () => {
  await wasmBackend().init();
});

const SHAPES = [[3, 3, 4, 8], [8], [17, 5], [3], [2, 2]] as const;

/** Returns the weights after five steps with a changing rate. One tensor is all zeros, and one gradient is. */
function train(rule: AnyRule, fused: boolean, scale: number, poison?: number): Float32Array[] {
  const random = randomNumbers(11);
  const variables = SHAPES.map((shape, i) => {
    const values = random(tf.util.sizeFromShape([...shape]));
    return tf.tidy(() => tf.variable(tf.tensor(i === 2 ? values.fill(0) : values, [...shape])));
  });
  const params = variables.map((variable, i) => ({
    variable,
    name: `l${i}/kernel`,
    layer: `l${i}`,
    role: "kernel",
    shape: variable.shape,
    unitAxes: [],
  }));
  const { applyFused, ...composed } = rule;
  let ran = 0;
  const counted: AnyRule = {
    ...composed,
    applyFused: (...args) => {
      const result = applyFused?.(...args);
      if (result) ran++;
      return result;
    },
  };
  const optimizer = new HookedOptimizer({
    params,
    rule: fused ? counted : (composed as AnyRule),
    learningRate: (step: number) => 0.1 / (1 + step),
  });
  for (let step = 0; step < 5; step++) {
    tf.tidy(() => {
      const grads = variables.map((variable, i) => {
        const values = random(variable.size).map((g) => (i === 4 ? 0 : g * scale));
        if (poison !== undefined && step > 0 && i === 0) values[5] = poison;
        return { name: variable.name, tensor: tf.tensor(values, variable.shape) };
      });
      optimizer.applyGradients(grads);
    });
  }
  expect(ran).toBe(fused ? 5 : 0);
  const result = variables.map((variable) => variable.dataSync().slice() as Float32Array);
  optimizer.dispose();
  tf.dispose(variables);
  return result;
}

/** Returns the kind of a number that is not finite. Another test checks the rounding of finite numbers. */
function kind(x: number): number | "finite" {
  return Number.isFinite(x) ? "finite" : x;
}

const RULES: readonly [string, () => AnyRule][] = [
  ["sgd", () => sgd()],
  ["sgd, momentum", () => sgd({ momentum: 0.9 })],
  ["sgd, nesterov and dampening", () => sgd({ momentum: 0.9, dampening: 0.2, nesterov: true })],
  ["sgd, rate in velocity", () => sgd({ momentum: 0.9, rateInVelocity: true, nesterov: true, dampening: 0.1 })],
  ["adam", () => adam()],
  ["adamw", () => adamw({ weightDecay: 0.1 })],
  ...(["paper", "torch", "larc", "optax", "tf-classic", "tf-popular"] as const).flatMap((dialect) =>
    ([0, 0.9] as const).flatMap((momentum) =>
      [false, true].map((nesterov): [string, () => AnyRule] => [
        `lars ${dialect}, momentum ${momentum}, nesterov ${nesterov}`,
        () => larsMomentum({ dialect, momentum, nesterov, weightDecay: 0.01, trustCoefficient: 0.02 }),
      ]),
    ),
  ),
  ...(["one", "eta", "exclude", "rms-floor"] as const).map((zeroNorm): [string, () => AnyRule] => [
    `lars, zeroNorm ${zeroNorm}, bounds`,
    () => larsMomentum({ zeroNorm, weightDecay: 0.01, minRatio: 0.001, maxRatio: 0.5, excludeFromRatio: [] }),
  ]),
  ["lars, one ratio per layer", () => larsMomentum({ granularity: () => "all", weightDecay: 0.01 })],
  ["lamb", () => lamb({ weightDecay: 0.1 })],
  ["lamb, bounds", () => lamb({ maxRatio: 1, minRatio: 0.1, zeroNorm: "one" })],
];

describe("fused optimizer kernels", () => {
  it.each(RULES)("%s: five steps equal those of the composed rule, and no tensor is left", (_, rule) => {
    const before = tf.memory().numTensors;
    const [fused, composed] = [train(rule(), true, 1), train(rule(), false, 1)];
    for (const [i, weights] of composed.entries())
      expect(relativeError(fused[i] as Float32Array, weights), `tensor ${i}`).toBeLessThan(1e-5);
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([1e-20, 1e20])("lars: gradients of %d give the same step as gradients of 1", (scale) => {
    const rule = (): AnyRule => larsMomentum({ weightDecay: 0, momentum: 0, epsilon: 0 });
    const [tiny, unit] = [train(rule(), true, scale), train(rule(), true, 1)];
    for (const i of [0, 2]) expect(relativeError(tiny[i] as Float32Array, unit[i] as Float32Array)).toBeLessThan(1e-5);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    "a gradient of %d spoils the same weights as in the composed rule",
    (bad) => {
      for (const [name, rule] of RULES.filter(([name]) => name.startsWith("la"))) {
        const [fused, composed] = [train(rule(), true, 1, bad), train(rule(), false, 1, bad)];
        for (const [i, weights] of composed.entries())
          expect([...(fused[i] as Float32Array)].map(kind), `${name}, tensor ${i}`).toEqual([...weights].map(kind));
        expect(composed.flatMap((weights) => [...weights]).some(Number.isNaN)).toBe(true);
      }
    },
  );

  const attrs = (w: tf.Tensor, g: tf.Tensor, v: tf.Tensor): FusedKernels["GraftSgd"] => ({
    variables: [w],
    grads: [g],
    velocities: [v],
    learningRates: [1],
    first: [true],
    momentum: 0.5,
    dampening: 0,
    nesterov: false,
    rateInVelocity: false,
  });

  it("copies a shared buffer before it writes", () => {
    const before = tf.memory();
    const w = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3])));
    const [backup, g, v] = [tf.clone(w), tf.tensor1d([1, 1, 1]), tf.zeros([3])];
    const state = tf.clone(v);
    expect(runFused("GraftSgd", attrs(w, g, v))).toBe(true);
    expect([...w.dataSync()]).toEqual([0, 1, 2]);
    expect([...backup.dataSync()]).toEqual([1, 2, 3]);
    expect([...state.dataSync()]).toEqual([0, 0, 0]);
    expect([...v.dataSync()]).toEqual([1, 1, 1]);
    tf.dispose([w, backup, g, v, state]);
    expect(tf.memory()).toMatchObject({
      numTensors: before.numTensors,
      numDataBuffers: before.numDataBuffers,
      numBytes: before.numBytes,
    });
  });

  it("copies a shared buffer of another backend before it writes", async () => {
    await tf.setBackend("cpu");
    const w = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3])));
    const [backup, g, v] = [tf.clone(w), tf.tensor1d([1, 1, 1]), tf.zeros([3])];
    await tf.setBackend("wasm");
    expect(runFused("GraftSgd", attrs(w, g, v))).toBe(true);
    expect([...w.dataSync()]).toEqual([0, 1, 2]);
    expect([...backup.dataSync()]).toEqual([1, 2, 3]);
    tf.dispose([w, backup, g, v]);
  });

  it("makes a convolution that has run pack its weights again", () => {
    const x = tf.ones([1, 4, 4, 2]) as tf.Tensor4D;
    const w = tf.tidy(() => tf.variable(tf.ones([3, 3, 2, 2]))) as tf.Tensor as tf.Tensor4D;
    const [g, v] = [tf.ones(w.shape), tf.zeros(w.shape)];
    const output = (): number[] => tf.tidy(() => [...tf.conv2d(x, w, 1, "valid").dataSync()]);
    expect(output()[0]).toBe(18);
    runFused("GraftSgd", { ...attrs(w, g, v), learningRates: [0.5] });
    expect(output()[0]).toBe(9);
    tf.dispose([x, w, g, v]);
  });

  it("names every problem and changes nothing", () => {
    const [w, g, v] = [tf.tensor1d([1, 2]), tf.tensor1d([1, 2, 3]), tf.tensor1d([1, 2], "int32")];
    expect(() => runFused("GraftSgd", attrs(w, g, v))).toThrow(
      /grads\[0\].*3 values, expected 2.*velocities\[0\].*int32/s,
    );
    expect([...w.dataSync()]).toEqual([1, 2]);
    tf.dispose([w, g, v]);
  });

  it("computes the global norm and scales by it", () => {
    const tensors = [tf.tensor1d([3, 0]), tf.tensor1d([4e20])];
    const [out, factor] = [tf.zeros([]), tf.scalar(0.5)];
    const outputs = tensors.map((tensor) => tf.zerosLike(tensor));
    runFused("GraftGlobalNorm", { tensors, out });
    expect(out.dataSync()[0]).toBeCloseTo(4e20, -15);
    runFused("GraftScaleAll", { tensors, outputs, factor });
    expect([...(outputs[0] as tf.Tensor).dataSync()]).toEqual([1.5, 0]);
    tf.dispose([...tensors, ...outputs, out, factor]);
  });

  it.each([
    [[1, Number.NaN], Number.NaN],
    [[1, Number.NEGATIVE_INFINITY], Number.POSITIVE_INFINITY],
    [[Number.NaN, Number.POSITIVE_INFINITY], Number.NaN],
    [[], 0],
  ])("computes the norm of %j as %d", (values, norm) => {
    const tensors = values.map((value) => tf.tensor1d([1, value, 2]));
    const out = tf.scalar(-1);
    runFused("GraftGlobalNorm", { tensors, out });
    expect(out.dataSync()[0]).toBe(norm);
    tf.dispose([...tensors, out]);
  });
});
