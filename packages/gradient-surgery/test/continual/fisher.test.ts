import "@tensorflow/tfjs-backend-cpu";
import { namedWeights, OptionsError, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ewc, fisherInformation } from "../../src/index.ts";
import { net, train } from "./net.ts";

let start = 0;
beforeEach(async () => {
  await tf.setBackend("cpu");
  start = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(start));

describe("ewc and its Fisher information", () => {
  it("is the mean of the squared gradients of single examples, and restores the statistics", async () => {
    const { model, params, x, y, free } = net();
    const rows = [0, 1, 2];
    const exampleLoss = (i: number) => (): tf.Scalar => {
      const row = (t: tf.Tensor): tf.Tensor => tf.slice(t, i, 1);
      return tf.losses.meanSquaredError(row(y), model.apply(row(x), { training: true }) as tf.Tensor) as tf.Scalar;
    };
    const statistics = namedWeights(model)
      .filter(({ statistic }) => statistic)
      .map(({ variable }) => variable);
    const before = statistics.map((s) => [...s.dataSync()]);
    const fisher = await fisherInformation({ params, losses: rows.map(exampleLoss), statistics });
    expect(statistics.map((s) => [...s.dataSync()])).toEqual(before);
    const expected = tf.tidy(() => {
      const grads = rows.map(
        (i) =>
          tf.variableGrads(
            exampleLoss(i),
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
  it("holds the weights that the old task needs, and not the others", async () => {
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
