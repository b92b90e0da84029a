import "@tensorflow/tfjs-backend-cpu";
import {
  type AnyHook,
  type AnyRule,
  adam,
  plugins as corePlugins,
  HookedOptimizer,
  namedParams,
  namedWeights,
  OptionsError,
  type Param,
  RecipeError,
  SelectionError,
  type StateTree,
  sgd,
  visitTensors,
} from "@graftjs/core";
import { createRegistry } from "@graftjs/registry";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  anchor,
  autoRgn,
  autoSnr,
  decoupledAnchor,
  driftCap,
  ewc,
  exampleMemory,
  fisherInformation,
  type HostWeights,
  knowledgeGauge,
  plugins,
  readWeights,
  wiseFt,
} from "../src/index.ts";
import { mulberry } from "./jacobians.ts";

let start = 0;
beforeEach(async () => {
  await tf.setBackend("cpu");
  start = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(start));

function net(): {
  model: tfl.LayersModel;
  params: readonly Param[];
  x: tf.Tensor;
  y: tf.Tensor;
  loss: () => tf.Scalar;
  free(): void;
} {
  const kernel = (seed: number) => tfl.initializers.glorotNormal({ seed });
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({ inputShape: [3], units: 5, activation: "tanh", name: "body", kernelInitializer: kernel(3) }),
      tfl.layers.batchNormalization({ name: "norm" }),
      tfl.layers.dense({ units: 1, name: "head", kernelInitializer: kernel(4) }),
    ],
  });
  const x = tf.tensor2d(Array.from({ length: 48 }, mulberry(5)), [16, 3]);
  const y = tf.tidy(() => tf.sum(x, 1, true));
  const loss = (): tf.Scalar =>
    tf.losses.meanSquaredError(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar;
  const free = (): void => {
    model.dispose();
    tf.dispose([x, y]);
  };
  return { model, params: namedParams(model), x, y, loss, free };
}
function train(
  params: readonly Param[],
  loss: () => tf.Scalar,
  steps: number,
  rule: AnyRule,
  hooks: readonly AnyHook[] = [],
  rate = 0.1,
): StateTree {
  const optimizer = new HookedOptimizer({ params, rule, hooks, learningRate: rate });
  for (let i = 0; i < steps; i++) optimizer.minimize(loss, false);
  const tensors: number[] = [];
  visitTensors((optimizer.state ?? null) as StateTree, (tensor) => tensors.push(tensor.size));
  optimizer.dispose();
  return tensors;
}
const drift = (params: readonly Param[], reference: HostWeights, names: readonly string[]): number => {
  const parts = (of: (name: string, i: number, v: number) => number): number =>
    Math.hypot(
      ...params
        .filter(({ name }) => names.includes(name))
        .flatMap(({ name, variable }) => Array.from(variable.dataSync(), (v, i) => of(name, i, v))),
    );
  return (
    parts((name, i, v) => v - (reference[name]?.[i] as number)) / parts((name, i) => reference[name]?.[i] as number)
  );
};

describe("the gradient is that of the penalty, by central differences in float64", () => {
  const n = 12;
  const draw = mulberry(9);
  const list = (): Float32Array => Float32Array.from({ length: n }, draw);
  const [w, origin, fisher] = [list(), list(), list().map(Math.abs)];
  const slope = (penalty: (w: number[]) => number): number[] =>
    Array.from({ length: n }, (_, i) => {
      const at = (h: number): number => penalty(Array.from(w, (v, k) => (k === i ? v + h : v)));
      return (at(1e-4) - at(-1e-4)) / 2e-4;
    });
  const added = (hook: AnyHook): number[] => {
    const param = { name: "a/kernel", layer: "a", role: "kernel", shape: [n], unitAxes: [0] };
    return tf.tidy(() => {
      const params = { "a/kernel": tf.tensor1d(w) };
      const ctx = { step: 0, learningRate: 1, rates: {}, params, infos: [param] };
      const { grads } = hook.transform({ "a/kernel": tf.zeros([n]) }, hook.init(params, [param]), ctx);
      return [...(grads["a/kernel"] as tf.Tensor).dataSync()];
    });
  };
  const close = (got: number[], expected: number[]): void => {
    for (const [i, v] of got.entries()) expect(Math.abs(v - (expected[i] as number))).toBeLessThan(1e-6);
  };
  it.each(["device", "host"] as const)("anchor, on the %s", (store) => {
    const penalty = (v: number[]): number => v.reduce((s, x, i) => s + 0.15 * (x - (origin[i] as number)) ** 2, 0);
    close(added(anchor({ strength: 0.3, reference: { "a/kernel": origin }, store })), slope(penalty));
  });
  it.each(["device", "host"] as const)("ewc, on the %s", (store) => {
    const penalty = (v: number[]): number =>
      v.reduce((s, x, i) => s + 1.5 * (fisher[i] as number) * (x - (origin[i] as number)) ** 2, 0);
    const options = { strength: 3, fisher: { "a/kernel": fisher }, reference: { "a/kernel": origin }, store };
    close(added(ewc(options)), slope(penalty));
  });
});

describe("anchor", () => {
  it("on the host takes the same steps, bit for bit, and keeps nothing on the device", async () => {
    const weights: unknown[] = [];
    for (const store of ["device", "host"] as const) {
      const { params, loss, free } = net();
      const reference = await readWeights(params);
      const tensors = train(params, loss, 5, sgd(), [
        anchor({ strength: 0.5, ...(store === "host" ? { store, reference } : {}) }),
      ]);
      expect((tensors as number[]).length).toBe(store === "host" ? 0 : params.length);
      weights.push(params.map(({ variable }) => [...variable.dataSync()]));
      free();
    }
    expect(weights[1]).toEqual(weights[0]);
  });
  it("holds the weights: the stronger, the nearer", async () => {
    const drifts: number[] = [];
    for (const strength of [0, 1, 5]) {
      const { params, loss, free } = net();
      const reference = await readWeights(params);
      train(params, loss, 60, sgd(), [anchor({ strength })]);
      drifts.push(drift(params, reference, ["body/kernel"]));
      free();
    }
    expect(drifts[1]).toBeLessThan((drifts[0] as number) * 0.9);
    expect(drifts[2]).toBeLessThan((drifts[1] as number) * 0.7);
  });
  it("says what is wrong with its reference", () => {
    const { params, loss, free } = net();
    expect(() => anchor({ store: "host" })).toThrow(OptionsError);
    const short = anchor({ reference: { "body/kernel": new Float32Array(2) } });
    expect(() => train(params, loss, 1, sgd(), [short])).toThrow(
      /Missing: .*`head\/bias`. Of another size: `body\/kernel`/,
    );
    free();
  });
});

it("decoupled-anchor: w − γα(w − w⁰) beside Adam's step, which does not see it", async () => {
  const run = async (rule: () => AnyRule): Promise<number[]> => {
    const variable = tf.tidy(() => tf.variable(tf.tensor1d([2, -3])));
    const params = [{ name: "a/kernel", layer: "a", role: "kernel", shape: [2], unitAxes: [0], variable }];
    train(params, () => tf.sum(tf.mul(variable, [1, -1])), 2, rule());
    const out = [...variable.dataSync()];
    variable.dispose();
    return out;
  };
  const plain = await run(() => adam());
  const pulled = await run(() => decoupledAnchor(adam(), { strength: 0.5 }));
  // Adam's first step is 0.1 in each element; before the second, the pull is 0.1·0.5·0.1.
  for (const [i, v] of pulled.entries()) {
    const away = (i === 0 ? -1 : 1) * 0.1;
    expect(v).toBeCloseTo((plain[i] as number) - 0.1 * 0.5 * away, 5);
  }
});

describe("drift-cap", () => {
  it("no layer is ever outside its ball, with Adam and momentum; a new head, left out, moves freely", async () => {
    for (const rule of [adam(), sgd({ momentum: 0.9 })]) {
      const { params, loss, free } = net();
      const reference = await readWeights(params);
      train(params, loss, 40, driftCap(rule, { radius: 0.05, on: { exclude: ["head/**"] } }));
      expect(drift(params, reference, ["body/kernel", "body/bias"])).toBeLessThanOrEqual(0.05 * (1 + 1e-5));
      expect(drift(params, reference, ["body/kernel", "body/bias"])).toBeGreaterThan(0.049);
      expect(drift(params, reference, ["head/kernel", "head/bias"])).toBeGreaterThan(0.1);
      free();
    }
  });
  it("inside the ball it is the rule inside, bit for bit", () => {
    const weights = [adam(), driftCap(adam(), { radius: 1e6 })].map((rule) => {
      const { params, loss, free } = net();
      train(params, loss, 10, rule);
      const out = params.map(({ variable }) => [...variable.dataSync()]);
      free();
      return out;
    });
    expect(weights[1]).toEqual(weights[0]);
  });
  it("what starts at 0 can move: the radius is of ε there", async () => {
    const { params, loss, free } = net();
    train(params, loss, 20, driftCap(sgd(), { radius: 1, granularity: "tensor", on: "head/bias" }));
    const bias = params.find(({ name }) => name === "head/bias")?.variable.dataSync()[0] as number;
    expect(Math.abs(bias)).toBeGreaterThan(5e-4);
    expect(Math.abs(bias)).toBeLessThan(1.001e-3);
    free();
  });
  it("stands in a recipe around another rule", async () => {
    const registry = createRegistry([corePlugins, plugins]);
    const made = await registry.resolve({
      rule: { use: "drift-cap", with: { radius: 0.2, rule: { use: "sgd", with: { momentum: 0.9 } } } },
      learningRate: 0.1,
    });
    expect(made.rule.name).toBe("drift-cap(sgd)");
    const wrong = { rule: { use: "drift-cap", with: { rule: "pcgrad" } }, learningRate: 0.1 };
    await expect(registry.resolve(wrong)).rejects.toThrow(/`pcgrad` is a combiner/);
  });
});

describe("ewc and its Fisher information", () => {
  it("is the mean of squared gradients, one an example, and moves no statistics", async () => {
    const { model, params, x, y, free } = net();
    const rows = [0, 1, 2];
    const one = (i: number) => (): tf.Scalar => {
      const row = (t: tf.Tensor): tf.Tensor => tf.slice(t, i, 1);
      return tf.losses.meanSquaredError(row(y), model.apply(row(x), { training: true }) as tf.Tensor) as tf.Scalar;
    };
    const statistics = namedWeights(model)
      .filter(({ statistic }) => statistic)
      .map(({ variable }) => variable);
    const before = statistics.map((s) => [...s.dataSync()]);
    const fisher = await fisherInformation({ params, losses: rows.map(one), statistics });
    expect(statistics.map((s) => [...s.dataSync()])).toEqual(before);
    const expected = tf.tidy(() => {
      const grads = rows.map(
        (i) =>
          tf.variableGrads(
            one(i),
            params.map(({ variable }) => variable),
          ).grads,
      );
      const mean = tf.mean(
        tf.stack(grads.map((g) => tf.square(g[params.at(-1)?.variable.name as string] as tf.Tensor))),
        0,
      );
      return [...mean.dataSync()];
    });
    for (const [i, s] of statistics.entries()) tf.tidy(() => s.assign(tf.tensor(before[i] as number[], s.shape)));
    expect(fisher["head/bias"]?.[0]).toBeCloseTo(expected[0] as number, 5);
    expect(fisher["body/kernel"]?.length).toBe(15);
    await expect(fisherInformation({ params, losses: [] })).rejects.toThrow(OptionsError);
    free();
  });
  it("holds what the old task needs, and lets go what it does not", async () => {
    const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 1])));
    const params = [{ name: "a/kernel", layer: "a", role: "kernel", shape: [2], unitAxes: [0], variable }];
    const fisher = { "a/kernel": Float32Array.of(1, 0) };
    train(params, () => tf.sum(variable), 20, sgd(), [ewc({ fisher, strength: 5 })]);
    const [held, free] = variable.dataSync();
    expect(held).toBeCloseTo(0.8, 3);
    expect(free).toBeCloseTo(-1, 3);
    variable.dispose();
  });
});

it("wise-ft: a slider whose ends are the pretrained and the tuned weights, bit for bit, statistics included", async () => {
  const { model, loss, free } = net();
  const params = namedWeights(model);
  const reference = await readWeights(params);
  train(namedParams(model), loss, 5, sgd());
  const tuned = await readWeights(params);
  const slider = wiseFt(params, reference);
  slider.set(0);
  expect(await readWeights(params)).toEqual(reference);
  slider.set(0.25);
  const between = await readWeights(params);
  expect(between["norm/moving_mean"]?.[0]).toBeCloseTo(
    0.75 * (reference["norm/moving_mean"]?.[0] as number) + 0.25 * (tuned["norm/moving_mean"]?.[0] as number),
    6,
  );
  slider.set(1);
  expect(await readWeights(params)).toEqual(tuned);
  expect(() => slider.set(1.5)).toThrow(OptionsError);
  expect(() => wiseFt(params, {})).toThrow(SelectionError);
  slider.dispose();
  free();
});

describe("auto-rgn and auto-snr", () => {
  it("rgn: rates in proportion to ‖g‖/‖w‖, statistics untouched, Adam's moments kept", async () => {
    const { model, params, loss, free } = net();
    const statistics = namedWeights(model)
      .filter(({ statistic }) => statistic)
      .map(({ variable }) => variable);
    const rgn = autoRgn(params);
    const optimizer = new HookedOptimizer({
      params,
      rule: adam(),
      learningRate: 0.01,
      rateMultipliers: rgn.multipliers,
    });
    for (let i = 0; i < 3; i++) optimizer.minimize(loss, false);
    const moments = (): number[] => {
      const out: number[] = [];
      visitTensors((optimizer.state ?? null) as StateTree, (tensor) => out.push(...tensor.dataSync()));
      return out;
    };
    const [before, held] = [moments(), statistics.map((s) => [...s.dataSync()])];
    const rates = await rgn.probe({ losses: [loss, loss], statistics });
    expect(statistics.map((s) => [...s.dataSync()])).toEqual(held);
    expect(moments()).toEqual(before);
    expect(Object.keys(rates)).toEqual(["body/kernel", "body/bias", "head/kernel", "head/bias"]);
    expect(Math.max(...Object.values(rates))).toBe(1);
    expect(Math.min(...Object.values(rates))).toBeLessThan(1);
    const norms = tf.tidy(() => {
      const { grads } = tf.variableGrads(
        loss,
        params.map(({ variable }) => variable),
      );
      const ratio = ({ variable }: Param): number =>
        tf.div(tf.norm(grads[variable.name] as tf.Tensor), tf.norm(variable)).dataSync()[0] as number;
      const of = (name: string): number => ratio(params.find((p) => p.name === name) as Param);
      return of("body/kernel") / of("head/kernel");
    });
    expect((rates["body/kernel"] as number) / (rates["head/kernel"] as number)).toBeCloseTo(norms, 3);
    const at = (name: string): number => params.find((p) => p.name === name)?.variable.dataSync()[0] as number;
    const was = at("body/kernel");
    optimizer.minimize(loss, false);
    expect(Math.abs(at("body/kernel") - was)).toBeLessThan(0.02 * (rates["body/kernel"] as number));
    optimizer.dispose();
    free();
  });
  it("rgn: a tensor that is all 0 keeps the full rate and does not silence the others", async () => {
    const { params, loss, free } = net();
    const rates = await autoRgn(params).probe({ losses: [loss] });
    expect([rates["body/bias"], rates["head/bias"]]).toEqual([1, 1]);
    expect(Math.max(rates["body/kernel"] as number, rates["head/kernel"] as number)).toBe(1);
    await expect(autoRgn(params).probe({ losses: [] })).rejects.toThrow(OptionsError);
    free();
  });
  it("snr: freezes what is below the threshold and keeps its slots; one unit alone has no variance and is trained", async () => {
    const { params, loss, free } = net();
    const optimizer = new HookedOptimizer({ params, rule: sgd({ momentum: 0.9 }), learningRate: 0.01 });
    optimizer.minimize(loss, false);
    const slots = (): number => {
      let count = 0;
      visitTensors((optimizer.state ?? null) as StateTree, () => count++);
      return count;
    };
    const before = slots();
    const ratios = await autoSnr(optimizer, { threshold: 1e6 }).probe({ losses: [loss, loss] });
    const expected = tf.tidy(() => {
      const body = params[0] as Param;
      const { grads } = tf.variableGrads(loss, [body.variable]);
      const g = grads[body.variable.name] as tf.Tensor;
      const unbiased = tf.mul(tf.moments(g, 1, true).variance, 5 / 4);
      return tf.mean(tf.div(tf.square(g), tf.add(unbiased, 1e-8))).dataSync()[0] as number;
    });
    expect(ratios["body/kernel"]).toBeCloseTo(expected, 4);
    expect([ratios["head/kernel"], ratios["head/bias"]]).toEqual([Infinity, Infinity]);
    expect(optimizer.frozen).toEqual(["body/kernel", "body/bias"]);
    optimizer.minimize(loss, false);
    expect(slots()).toBe(before);
    await autoSnr(optimizer, { threshold: 0 }).probe({ losses: [loss] });
    expect(optimizer.frozen).toEqual([]);
    optimizer.dispose();
    free();
  });
});

it("the knowledge gauge reads drift by layer and accuracy, each epoch, in one read", async () => {
  const { params, loss, free } = net();
  const reference = await readWeights(params);
  const logged: number[] = [];
  const gauge = knowledgeGauge({ params, reference, accuracy: () => 0.5, log: ({ total }) => void logged.push(total) });
  expect(await gauge.measure()).toEqual({ drift: { body: 0, norm: 0, head: 0 }, total: 0, accuracy: 0.5 });
  train(params, loss, 5, sgd());
  await gauge.epochEnd?.({ epoch: 0, step: 5, seconds: 1, logs: {} });
  const reading = gauge.history[0];
  expect(reading?.drift.body).toBeCloseTo(drift(params, reference, ["body/kernel", "body/bias"]), 4);
  expect(logged).toEqual([reading?.total]);
  expect(() => knowledgeGauge({ params, reference: {} })).toThrow(SelectionError);
  free();
});

describe("the memory of examples", () => {
  const batch = (from: number, size: number): [tf.Tensor, tf.Tensor] => [
    tf.tensor2d(Array.from({ length: size }, (_, i) => [from + i, 0])),
    tf.tensor1d(Array.from({ length: size }, (_, i) => from + i)),
  ];
  it("keeps rows and targets together, each of all offered with equal probability", async () => {
    const kept = new Float64Array(40);
    for (let seed = 1; seed <= 200; seed++) {
      const memory = exampleMemory({ capacity: 10, seed });
      for (const from of [0, 20]) {
        const [x, y] = batch(from, 20);
        await memory.add(x, y);
        tf.dispose([x, y]);
      }
      const { xs, ys } = memory.sample(10, 0);
      const rows = xs.dataSync();
      for (const [i, label] of ys.dataSync().entries()) {
        expect(rows[2 * i]).toBe(label);
        kept[label] = (kept[label] as number) + 1;
      }
      tf.dispose([xs, ys]);
    }
    expect(kept.reduce((a, b) => a + b, 0)).toBe(2000);
    // 200 draws with probability 1/4 each: 50 ± 6 a row.
    expect(Math.min(...kept)).toBeGreaterThan(25);
    expect(Math.max(...kept)).toBeLessThan(80);
  });
  it("samples other examples every step, the same for the same step, and repeats where it holds fewer", async () => {
    const memory = exampleMemory({ capacity: 100 });
    const [x, y] = batch(0, 50);
    await memory.add(x, y);
    const draw = (step: number, size = 8): string =>
      tf.tidy(() => {
        const { xs, ys } = memory.sample(size, step);
        expect(xs.shape).toEqual([size, 2]);
        return String(ys.dataSync());
      });
    expect(draw(1)).toBe(draw(1));
    expect(draw(2)).not.toBe(draw(1));
    expect(new Set(draw(3, 80).split(",")).size).toBe(50);
    tf.dispose([x, y]);
  });
  it("refuses to sample when empty, rows that do not match, and a capacity of 0", async () => {
    const memory = exampleMemory({ capacity: 5 });
    expect(() => memory.sample(1, 0)).toThrow(/The memory is empty/);
    const [x, y] = batch(0, 3);
    const [a, b] = [tf.tidy(() => tf.slice(y, 0, 2)), tf.ones([3, 4])];
    await expect(memory.add(x, a)).rejects.toThrow(RecipeError);
    await memory.add(x, y);
    await expect(memory.add(b, y)).rejects.toThrow(RecipeError);
    expect(memory.size).toBe(3);
    expect(() => exampleMemory({ capacity: 0 })).toThrow(OptionsError);
    tf.dispose([x, y, a, b]);
  });
});
