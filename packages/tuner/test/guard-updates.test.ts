import "@tensorflow/tfjs-backend-cpu";
import { wasmBackend } from "@graftjs/backend-wasm";
import {
  type AnyHook,
  adam,
  type Combiner,
  gradientDescent,
  mapTensors,
  NonFiniteError,
  type Schedule,
  sgd,
  stateless,
  type UpdateRule,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type FineTuneOptions, fineTune } from "../src/index.ts";
import { examples, weightsOf } from "./support.ts";

/** Bad from this step on. The runs have 6 steps, so step 5 is the last one. */
const LAST = 5;

const net = (): layers.LayersModel =>
  layers.sequential({
    layers: [
      layers.layers.dense({
        name: "only",
        units: 3,
        inputShape: [4],
        kernelInitializer: layers.initializers.glorotNormal({ seed: 1 }),
      }),
    ],
  });

const options = (more: Partial<FineTuneOptions>): FineTuneOptions => ({
  data: examples([4], 12),
  loss: "meanSquaredError",
  trainable: "**",
  rule: sgd({ momentum: 0.9 }),
  learningRate: 0.01,
  epochs: 3,
  batchSize: 6,
  ...more,
});

const from = (first: number, factor: number): AnyHook =>
  stateless("spoiler", (grads, { step }) => mapTensors(grads, (g) => (step >= first ? tf.mul(g, factor) : g)));
const rate =
  (first: number, bad: number): Schedule =>
  (step) =>
    step >= first ? bad : 0.01;
/** A rule of a third party whose formula gives 0/0 from step `first` on. */
const broken = (first: number): UpdateRule<null> => ({
  name: "broken",
  terminal: true,
  init: () => null,
  transform: (grads, state, { step }) => ({
    updates: mapTensors(grads, (g) => (step >= first ? tf.div(tf.zerosLike(g), 0) : tf.mul(g, 0.01))),
    state,
  }),
});

type Case = (first: number) => Partial<FineTuneOptions>;
const cases: Record<string, Case> = {
  "a rate of NaN": (first) => ({ learningRate: rate(first, Number.NaN) }),
  "an infinite rate": (first) => ({ learningRate: rate(first, Number.POSITIVE_INFINITY) }),
  "a factor of NaN on the rate": (first) => ({
    rateMultipliers: [{ params: "**/bias", factor: (step) => (step >= first ? Number.NaN : 1) }],
  }),
  "a hook that returns infinity": (first) => ({ hooks: [from(first, Number.POSITIVE_INFINITY)] }),
  "a hook that returns NaN": (first) => ({ hooks: [from(first, Number.NaN)] }),
  "an overflow by the rate": (first) => ({ learningRate: rate(first, 1e38), hooks: [from(first, 1e20)] }),
  "an overflow of Adam's second moment": (first) => ({ rule: adam(), hooks: [from(first, 1e25)] }),
  "Adam's 0/0 without epsilon": (first) => ({ rule: adam({ epsilon: 0 }), hooks: [from(first, 0)] }),
  "a rule whose formula breaks": (first) => ({ rule: broken(first) }),
  "no momentum": (first) => ({ rule: gradientDescent(), learningRate: rate(first, 1e39) }),
};
// The moments are not 0 any more when the hook starts to return 0, so 0/0 happens in the first step only.
const onlyAtOnce = "Adam's 0/0 without epsilon";

afterEach(() => vi.restoreAllMocks());

describe.each(["cpu", "wasm"])("an update that is not finite, on %s", (backend) => {
  beforeEach(async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    await (backend === "cpu" ? tf.setBackend("cpu") : wasmBackend().init());
  });

  const trials = Object.entries(cases).flatMap(([name, make]) =>
    (name === onlyAtOnce ? [0] : [0, 2, LAST]).map((first) => ({ name, first, make })),
  );

  it.each(trials)("by $name from step $first: every policy keeps the weights", async ({ make, first }) => {
    const good = net();
    if (first > 0) {
      (await fineTune(good, options({ ...make(99), maxSteps: first }))).restore();
    }
    const expected = weightsOf(good);
    for (const policy of ["throw", "skip", "rollback"] as const) {
      const model = net();
      const guard = { policy, snapshotEvery: 1, patience: 2 };
      const given = options({ ...make(first), guard });
      const start = tf.memory().numTensors;
      const error = await fineTune(model, given).then(
        ({ restore }) => restore(),
        (reason: unknown) => reason,
      );
      expect(tf.memory().numTensors, policy).toBe(start);
      // In the last step, one bad step is within the patience.
      if (policy === "throw" || first < LAST - 1) expect(error, policy).toBeInstanceOf(NonFiniteError);
      else expect(error, policy).toBeUndefined();
      expect(weightsOf(model), policy).toEqual(expected);
      tf.dispose(given.data as { xs: tf.Tensor; ys: tf.Tensor });
      model.dispose();
    }
    good.dispose();
  });

  it("is named with its step, its parameters and the part that made it", async () => {
    const message = async (more: Partial<FineTuneOptions>): Promise<string> =>
      fineTune(net(), options(more)).then(
        () => "",
        (error: Error) => error.message,
      );
    expect(await message({ learningRate: rate(1, Number.NaN) })).toMatch(
      /The learning rate of `.*kernel` is NaN in step 1/,
    );
    expect(await message({ hooks: [from(1, Number.POSITIVE_INFINITY)] })).toMatch(/`spoiler`/);
    expect(await message({ rule: broken(1) })).toMatch(
      /The update makes `.*kernel` and `.*bias` infinite or NaN in step 1/,
    );
  });

  it("is refused with a combiner too", async () => {
    const sum: Combiner<null> = {
      name: "sum",
      init: () => null,
      weigh: (_gram, tasks) => ({ weights: Float64Array.from(tasks, () => 1), state: null }),
    };
    const input = layers.input({ shape: [4] });
    const outputs = ["left", "right"].map(
      (name) => layers.layers.dense({ units: 3, name }).apply(input) as layers.SymbolicTensor,
    );
    const model = layers.model({ inputs: input, outputs });
    const { xs, ys } = examples([4], 12);
    const before = weightsOf(model);
    const given = options({
      data: { xs, ys: { left: ys, right: ys } },
      loss: { left: "meanSquaredError", right: "meanSquaredError" },
      combiner: sum,
      hooks: [from(0, Number.POSITIVE_INFINITY)],
    });
    await expect(fineTune(model, given)).rejects.toThrow(NonFiniteError);
    expect(weightsOf(model)).toEqual(before);
  });

  it("cannot hide in weights that something else writes: such a run does not end well", async () => {
    const model = net();
    const spoil = {
      name: "spoil",
      async finish() {
        model.layers[0]?.setWeights([tf.fill([4, 3], Number.NaN), tf.zeros([3])]);
      },
    };
    await expect(fineTune(model, options({ callbacks: [spoil] }))).rejects.toThrow(
      /infinite or NaN at the end of the run/,
    );
  });
});
