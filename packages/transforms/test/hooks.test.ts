import {
  type AnyHook,
  type AnyRule,
  adam,
  chain,
  defineHook,
  HookedOptimizer,
  hasStats,
  loadState,
  mapTensors,
  masked,
  NonFiniteError,
  namedParams,
  type OptimizerHook,
  type Param,
  readStats,
  saveState,
  sgd,
  stateless,
  type TensorMap,
  zerosLike,
} from "@graftjs/core";
import { testHook } from "@graftjs/testing";
import {
  accumulate,
  applyIfFinite,
  checkFinite,
  conditionally,
  ema,
  gradientStats,
  partition,
  swapInEma,
  updateStats,
} from "@graftjs/transforms";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { bits, disposeAll, net, params, task, tensors } from "../../core/test/nets.ts";
import oracle from "../../core/test/oracle.json" with { type: "json" };

beforeEach(() => tf.setBackend("cpu"));

/** A hook with a memory and one without, to put into others. */
const trace = (decay = 0.5): OptimizerHook<{ v: TensorMap }> =>
  defineHook({
    name: "trace",
    init: (map: TensorMap) => ({ v: zerosLike(map) }),
    transform(grads, { v }) {
      const next = mapTensors(grads, (g, name) => tf.add(tf.mul(v[name] as tf.Tensor, decay), g));
      return { grads: next, state: { v: next } };
    },
  });
const times = (factor: number, name = "times"): AnyHook =>
  stateless(name, (grads) => mapTensors(grads, (g) => tf.mul(g, factor)));

describe("conformance", () => {
  testHook(() => accumulate(2));
  testHook(() => applyIfFinite());
  testHook(() => ema({ decay: 0.9 }));
  testHook(() => gradientStats("raw"));
  testHook(() => conditionally(trace(), { every: 2 }));
  testHook(() => chain(trace(), times(0.5)));
  testHook(() => partition({ slow: times(0.1), fast: trace() }, ({ layer }) => (layer === "head" ? "fast" : "slow")));
});

function optimizerOf(
  held: readonly Param[],
  hooks: readonly AnyHook[],
  rule: AnyRule = sgd(),
  learningRate = 0.1,
): HookedOptimizer {
  return new HookedOptimizer({ params: held, hooks, rule, learningRate });
}

function stepWith(optimizer: HookedOptimizer, values: { readonly [name: string]: unknown }): void {
  const grads = tensors(values);
  try {
    optimizer.applyNamed(grads);
  } finally {
    tf.dispose(grads as tf.NamedTensorMap);
  }
}

const read = (held: readonly Param[]): number[][] => held.map(({ variable }) => [...variable.dataSync()]);

/** By name: jax sorts the keys of its result. */
function expectNear(held: readonly Param[], expected: object): void {
  const numbers = new Map(Object.entries(expected).map(([name, value]) => [name, (value as number[][]).flat()]));
  for (const { name, variable } of held)
    for (const [i, value] of variable.dataSync().entries())
      expect(value, name).toBeCloseTo(numbers.get(name)?.[i] as number, 5);
}

describe("accumulate", () => {
  it("equals the k-times larger batch over 20 steps, behind hooks with memory and a schedule", () => {
    const before = tf.memory().numTensors;
    const { x, y } = task();
    const run = (k: number): number[][] => {
      const model = net();
      const optimizer = new HookedOptimizer({
        params: namedParams(model),
        hooks: [accumulate(k), trace()],
        rule: adam(),
        learningRate: (step) => 0.01 * 0.9 ** step,
      });
      const size = 32 / k;
      for (let step = 0; step < 20; step++) {
        for (let i = 0; i < k; i++) {
          tf.tidy(() => {
            const [xs, ys] = [
              tf.slice(x, [i * size, 0], [size, 3]),
              tf.slice(y as tf.Tensor2D, [i * size, 0], [size, 1]),
            ];
            optimizer.minimize(
              () => tf.losses.meanSquaredError(ys, model.predict(xs) as tf.Tensor) as tf.Scalar,
              false,
            );
          });
        }
        expect(optimizer.step).toBe(step + 1);
      }
      const weights = bits(model);
      optimizer.dispose();
      model.dispose();
      return weights;
    };
    const [whole, parts] = [run(1), run(4)];
    for (const [i, weights] of whole.entries())
      for (const [j, value] of weights.entries()) expect(parts[i]?.[j]).toBeCloseTo(value, 5);
    tf.dispose([x, y]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it("is optax's MultiSteps, and moves nothing in between", () => {
    const held = params(oracle.params);
    const optimizer = optimizerOf(held, [accumulate({ steps: 3 })], adam());
    for (const [step, grads] of oracle.grads.entries()) {
      const before = read(held);
      stepWith(optimizer, grads);
      if (step % 3 < 2) expect(read(held)).toEqual(before);
      expectNear(held, oracle.accumulate.weights[step] as object);
    }
    expect(optimizer.step).toBe(2);
    optimizer.dispose();
    disposeAll(...held);
  });

  it("a checkpoint in the middle holds the partial sum", async () => {
    const held = params(oracle.params);
    const copies = params(oracle.params);
    const make = (list: readonly Param[]): HookedOptimizer => optimizerOf(list, [accumulate(3)], adam());
    const [one, two] = [make(held), make(copies)];
    for (const grads of oracle.grads.slice(0, 2)) stepWith(one, grads);
    loadState(two, await saveState(one));
    for (const optimizer of [one, two]) stepWith(optimizer, oracle.grads[2] as object as never);
    expect(read(copies)).toEqual(read(held));
    for (const optimizer of [one, two]) optimizer.dispose();
    disposeAll(...held, ...copies);
  });
});

describe("conditionally", () => {
  it("acts on every third step from the second on, or by predicate, and its state rests in between", () => {
    const seen: number[] = [];
    const spy = (name: string): OptimizerHook<{ calls: number }> => ({
      name,
      init: () => ({ calls: 0 }),
      transform(grads, { calls }, { step }) {
        seen.push(step);
        return { grads, state: { calls: calls + 1 } };
      },
    });
    const held = params({ "w/kernel": [1, 2] });
    const hooks = [
      conditionally(spy("every"), { every: 3, offset: 1 }),
      conditionally(spy("predicate"), ({ step }) => step === 5),
    ];
    const optimizer = optimizerOf(held, hooks);
    for (let i = 0; i < 8; i++) stepWith(optimizer, { "w/kernel": [1, 1] });
    expect(seen).toEqual([1, 4, 5, 7]);
    expect(optimizer.state?.hooks).toEqual({ every: { calls: 3 }, predicate: { calls: 1 } });
    optimizer.dispose();
    disposeAll(...held);
  });
});

describe("partition", () => {
  const values = { "a/kernel": [1, 1], "a/bias": [1], "b/kernel": [1, 1] };
  it("gives each label its own hook and its own state, by function or by selector", () => {
    const byFunction = ({ layer }: { layer: string }): string => (layer === "a" ? "slow" : "fast");
    for (const labels of [byFunction, { slow: "a/**", fast: "**" }]) {
      const held = params(values);
      const optimizer = optimizerOf(held, [partition({ slow: times(0.1), fast: trace() }, labels)], sgd(), 1);
      for (let i = 0; i < 2; i++) stepWith(optimizer, values);
      // a: 1 − 2·0.1; b: 1 − 1 − (0.5 + 1).
      for (const [i, expected] of [0.8, 0.8, -1.5].entries())
        expect(held[i]?.variable.dataSync()[0]).toBeCloseTo(expected, 6);
      const state = optimizer.state?.hooks as { partition: { slow: unknown; fast: { v: object } } };
      expect(state.partition.slow).toBe(null);
      expect(Object.keys(state.partition.fast.v)).toEqual(["b/kernel"]);
      optimizer.dispose();
      disposeAll(...held);
    }
  });
});

describe("applyIfFinite", () => {
  const good = { "a/kernel": [1, 1], "b/kernel": [2] };
  const bad = { "a/kernel": [1, 1], "b/kernel": [Number.NaN] };

  it("a step with a NaN changes no weight and no tensor of any state, and the next is the one without it", async () => {
    const before = tf.memory().numTensors;
    const run = (withNaN: boolean): number[][] => {
      const held = params({ "a/kernel": [1, 2], "b/kernel": [3] });
      const optimizer = optimizerOf(held, [trace(), applyIfFinite({ policy: "skip" }), ema()], sgd({ momentum: 0.9 }));
      stepWith(optimizer, good);
      if (withNaN) {
        const weights = read(held);
        stepWith(optimizer, bad);
        expect(read(held)).toEqual(weights);
      }
      stepWith(optimizer, good);
      const swapOut = swapInEma(optimizer);
      const averages = read(held);
      swapOut();
      const out = [...read(held), ...averages];
      optimizer.dispose();
      disposeAll(...held);
      return out;
    };
    expect(run(true)).toEqual(run(false));
    expect(tf.memory().numTensors).toBe(before);
  });

  it("counts, and throws by the policy, naming the parameter", async () => {
    const held = params({ "a/kernel": [1, 2], "b/kernel": [3] });
    const strict = optimizerOf(held, [applyIfFinite()]);
    const patient = optimizerOf(held, [applyIfFinite({ policy: "skip", limit: 2 })]);
    for (const optimizer of [strict, patient]) {
      expect(await checkFinite(optimizer)).toEqual({ skipped: 0, inARow: 0, byParameter: {} });
      for (const values of [good, bad]) stepWith(optimizer, values);
    }
    await expect(checkFinite(strict)).rejects.toThrow(NonFiniteError);
    await expect(checkFinite(strict)).rejects.toThrowErrorMatchingInlineSnapshot(`
      [NonFiniteError: The gradient of \`b/kernel\` was NaN or infinite; 1 step(s) were skipped, the last 1 of them in a row.
        The weights did not change in those steps. Check the learning rate, the loss and the data.]
    `);
    stepWith(patient, bad);
    expect(await checkFinite(patient)).toEqual({
      skipped: 2,
      inARow: 2,
      byParameter: { "a/kernel": 0, "b/kernel": 2 },
    });
    stepWith(patient, good);
    expect(await checkFinite(patient)).toMatchObject({ skipped: 2, inARow: 0 });
    for (let i = 0; i < 3; i++) stepWith(patient, { "a/kernel": [1, Number.POSITIVE_INFINITY], "b/kernel": [1] });
    await expect(checkFinite(patient)).rejects.toThrow(/`a\/kernel` and `b\/kernel`.*the last 3 of them in a row/);
    for (const optimizer of [strict, patient]) optimizer.dispose();
    disposeAll(...held);
  });
});

describe("gradientStats", () => {
  it("reads norms before and after a hook and of the update, and changes nothing", async () => {
    const before = tf.memory().numTensors;
    const values = { "a/kernel": [3, 4], "b/kernel": [0, 12] };
    const held = params({ "a/kernel": [6, 8], "b/kernel": [0, 0] });
    const hooks = [gradientStats("before"), times(0.5), conditionally(gradientStats("after"), { every: 2 })];
    const optimizer = optimizerOf(held, hooks, updateStats(sgd({ momentum: 0.9 })));
    expect(await readStats(optimizer)).toEqual({});
    stepWith(optimizer, values);
    const close = (got: object, expected: object): void => {
      for (const [name, value] of Object.entries(expected)) expect((got as never)[name], name).toBeCloseTo(value, 5);
    };
    const first = await readStats(optimizer);
    close(first, {
      "before/gradient": 13,
      "before/gradient/a/kernel": 5,
      "before/parameter": 10,
      "after/gradient": 6.5,
      "after/gradient/b/kernel": 6,
      update: 0.65,
      "update/a/kernel": 0.25,
    });
    stepWith(optimizer, { "a/kernel": [0, 0], "b/kernel": [0, 0] });
    // The conditional hook still shows the step on which it acted.
    close(await readStats(optimizer), { "before/gradient": 0, "after/gradient": 6.5, update: 0.585 });
    optimizer.dispose();
    disposeAll(...held);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("readStats", () => {
  it("reads the vectors of a hook that measures all parameters at once, beside gradientStats, and says whether there is anything", async () => {
    const before = tf.memory().numTensors;
    const held = params({ "a/kernel": [6, 8], "b/kernel": [0, 0] });
    const shares = defineHook({
      name: "shares",
      init: (_, infos) => ({ stats: "shares", names: infos.map(({ name }) => name), share: tf.zeros([infos.length]) }),
      transform: (grads, { stats, names }) => {
        const norms = names.map((name) => tf.norm(grads[name] as tf.Tensor));
        return { grads, state: { stats, names, share: tf.div(tf.stack(norms), tf.addN(norms)) } };
      },
    });
    const optimizer = optimizerOf(held, [shares, gradientStats("raw")], sgd());
    const bare = optimizerOf(held, [], sgd({ momentum: 0.9 }));
    const made = tf.memory().numTensors;
    expect([hasStats(optimizer), hasStats(bare)]).toEqual([true, false]);
    stepWith(optimizer, { "a/kernel": [3, 4], "b/kernel": [0, 15] });
    const { "shares/share/b/kernel": b, ...rest } = await readStats(optimizer);
    expect(b).toBeCloseTo(0.75, 6);
    // Shares have no norm over all parameters, the gradients have.
    expect(Object.keys(rest)).toEqual([
      "shares/share/a/kernel",
      ...["raw/gradient", "raw/gradient/a/kernel", "raw/gradient/b/kernel"],
      ...["raw/parameter", "raw/parameter/a/kernel", "raw/parameter/b/kernel"],
    ]);
    expect([hasStats(optimizer), hasStats(bare)]).toEqual([true, false]);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(made);
    bare.dispose();
    disposeAll(...held);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("ema", () => {
  it("is optax's incremental_update after every step, and swapping in and out leaves the training weights bit-identical", () => {
    const before = tf.memory().numTensors;
    const held = params(oracle.params);
    const optimizer = optimizerOf(held, [ema({ decay: oracle.ema.decay })], sgd({ momentum: 0.9 }));
    for (const [step, grads] of oracle.grads.entries()) {
      stepWith(optimizer, grads);
      const trained = read(held);
      const swapOut = swapInEma(optimizer);
      expectNear(held, oracle.ema.averages[step] as object);
      swapOut();
      swapOut();
      expect(read(held)).toEqual(trained);
    }
    optimizer.dispose();
    disposeAll(...held);
    expect(tf.memory().numTensors).toBe(before);
  });

  it("behind a mask it averages, and swaps, the selected parameters only", () => {
    const held = params({ "a/kernel": [1], "b/kernel": [1] });
    const optimizer = optimizerOf(held, [masked(ema({ decay: 0.5 }), "b/**")], sgd(), 1);
    stepWith(optimizer, { "a/kernel": [1], "b/kernel": [1] });
    const swapOut = swapInEma(optimizer);
    expect(read(held)).toEqual([[0], [0.5]]);
    swapOut();
    expect(read(held)).toEqual([[0], [0]]);
    optimizer.dispose();
    disposeAll(...held);
  });
});
