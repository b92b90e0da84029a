import "@tensorflow/tfjs-backend-cpu";
import {
  adam,
  HookedOptimizer,
  namedWeights,
  OptionsError,
  type Param,
  type StateTree,
  sgd,
  visitTensors,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { autoRgn, autoSnr } from "../../src/index.ts";
import { net } from "./net.ts";

let start = 0;
beforeEach(async () => {
  await tf.setBackend("cpu");
  start = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(start));

describe("auto-rgn and auto-snr", () => {
  it("rgn: rates are in proportion to ‖g‖/‖w‖; statistics and the moments of Adam stay", async () => {
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
    const [before, statisticsBefore] = [moments(), statistics.map((s) => [...s.dataSync()])];
    const rates = await rgn.measure({ losses: [loss, loss], statistics });
    expect(statistics.map((s) => [...s.dataSync()])).toEqual(statisticsBefore);
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
      const ratioOf = (name: string): number => ratio(params.find((p) => p.name === name) as Param);
      return ratioOf("body/kernel") / ratioOf("head/kernel");
    });
    expect((rates["body/kernel"] as number) / (rates["head/kernel"] as number)).toBeCloseTo(norms, 3);
    const firstWeight = (name: string): number => params.find((p) => p.name === name)?.variable.dataSync()[0] as number;
    const previous = firstWeight("body/kernel");
    optimizer.minimize(loss, false);
    expect(Math.abs(firstWeight("body/kernel") - previous)).toBeLessThan(0.02 * (rates["body/kernel"] as number));
    optimizer.dispose();
    free();
  });
  it("rgn: a tensor that is all 0 keeps the full rate and does not affect the others", async () => {
    const { params, loss, free } = net();
    const rates = await autoRgn(params).measure({ losses: [loss] });
    expect([rates["body/bias"], rates["head/bias"]]).toEqual([1, 1]);
    expect(Math.max(rates["body/kernel"] as number, rates["head/kernel"] as number)).toBe(1);
    await expect(autoRgn(params).measure({ losses: [] })).rejects.toThrow(OptionsError);
    free();
  });
  it("snr: freezes tensors below the threshold and keeps their state; a single unit has no variance and trains", async () => {
    const { params, loss, free } = net();
    const optimizer = new HookedOptimizer({ params, rule: sgd({ momentum: 0.9 }), learningRate: 0.01 });
    optimizer.minimize(loss, false);
    const stateTensors = (): number => {
      let count = 0;
      visitTensors((optimizer.state ?? null) as StateTree, () => count++);
      return count;
    };
    const before = stateTensors();
    const ratios = await autoSnr(optimizer, { threshold: 1e6 }).measure({ losses: [loss, loss] });
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
    expect(stateTensors()).toBe(before);
    await autoSnr(optimizer, { threshold: 0 }).measure({ losses: [loss] });
    expect(optimizer.frozen).toEqual([]);
    optimizer.dispose();
    free();
  });
});
