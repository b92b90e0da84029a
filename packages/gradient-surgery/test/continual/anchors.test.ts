import "@tensorflow/tfjs-backend-cpu";
import { type AnyHook, type AnyRule, adam, OptionsError, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { anchor, decoupledAnchor, ewc, readWeights } from "../../src/index.ts";
import { mulberry } from "../jacobians.ts";
import { drift, net, train } from "./net.ts";

let start = 0;
beforeEach(async () => {
  await tf.setBackend("cpu");
  start = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(start));

describe("the gradient equals that of the penalty, by central differences in float64", () => {
  const n = 12;
  const draw = mulberry(9);
  const seededValues = (): Float32Array => Float32Array.from({ length: n }, draw);
  const [w, origin, fisher] = [seededValues(), seededValues(), seededValues().map(Math.abs)];
  const slope = (penalty: (w: number[]) => number): number[] =>
    Array.from({ length: n }, (_, i) => {
      const shifted = (h: number): number => penalty(Array.from(w, (v, k) => (k === i ? v + h : v)));
      return (shifted(1e-4) - shifted(-1e-4)) / 2e-4;
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
  const checkClose = (got: number[], expected: number[]): void => {
    for (const [i, v] of got.entries()) expect(Math.abs(v - (expected[i] as number))).toBeLessThan(1e-6);
  };
  it.each(["device", "host"] as const)("anchor, on the %s", (store) => {
    const penalty = (v: number[]): number => v.reduce((s, x, i) => s + 0.15 * (x - (origin[i] as number)) ** 2, 0);
    checkClose(added(anchor({ strength: 0.3, reference: { "a/kernel": origin }, store })), slope(penalty));
  });
  it.each(["device", "host"] as const)("ewc, on the %s", (store) => {
    const penalty = (v: number[]): number =>
      v.reduce((s, x, i) => s + 1.5 * (fisher[i] as number) * (x - (origin[i] as number)) ** 2, 0);
    const options = { strength: 3, fisher: { "a/kernel": fisher }, reference: { "a/kernel": origin }, store };
    checkClose(added(ewc(options)), slope(penalty));
  });
});

describe("anchor", () => {
  it("with `store: host` takes the same steps bit for bit and keeps nothing on the device", async () => {
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
  it("a stronger pull keeps the weights closer", async () => {
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
  it("names the problems of its reference", () => {
    const { params, loss, free } = net();
    expect(() => anchor({ store: "host" })).toThrow(OptionsError);
    const short = anchor({ reference: { "body/kernel": new Float32Array(2) } });
    expect(() => train(params, loss, 1, sgd(), [short])).toThrow(/Missing: .*`head\/bias`. Wrong size: `body\/kernel`/);
    free();
  });
});

it("decoupled-anchor: subtracts γα(w − w⁰) in addition to the step of Adam", async () => {
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
  // The first step of Adam is 0.1 in each element. So at the second step the pull is 0.1·0.5·0.1.
  for (const [i, v] of pulled.entries()) {
    const away = (i === 0 ? -1 : 1) * 0.1;
    expect(v).toBeCloseTo((plain[i] as number) - 0.1 * 0.5 * away, 5);
  }
});
