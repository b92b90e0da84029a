import { HookedOptimizer, namedParams, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { expect } from "vitest";
import { fineTune } from "../src/index.ts";
import { seeded } from "../src/random/random.ts";
import { holding, randomNet } from "./random-nets.ts";
import { distance, examples, weightsOf } from "./support.ts";

/** Does the same training with stock layers, which record gradients for the whole model in every step. */
export async function plain(
  model: layers.LayersModel,
  names: ReadonlySet<string>,
  data: { xs: tf.Tensor[]; ys: tf.Tensor },
  steps: number,
  rule = sgd({ momentum: 0.9 }),
  learningRate = 0.05,
): Promise<number[]> {
  const params = namedParams(model, { frozen: true }).filter(({ name }) => names.has(name));
  const optimizer = new HookedOptimizer({ params, rule, learningRate });
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const loss = optimizer.minimize(
      () =>
        tf.tidy(() => {
          const out = model.apply(data.xs, { training: true }) as tf.Tensor;
          return tf.mean(
            tf.neg(
              tf.sum(tf.mul(data.ys, tf.log(tf.clipByValue(tf.div(out, tf.sum(out, -1, true)), 1e-7, 1 - 1e-7))), -1),
            ),
          );
        }),
      true,
      params.map(({ variable }) => variable),
    ) as tf.Scalar;
    losses.push((await loss.data())[0] as number);
    loss.dispose();
  }
  optimizer.dispose();
  return losses;
}

/**
 * Trains random graphs with random frozen sets on the current backend. With the cache, 12 steps must equal stock layers to 1e-6 in loss and weights.
 *
 * @returns the number of graphs that had a trunk.
 */
export async function sameAsStock(count: number): Promise<number> {
  let cutSomething = 0;
  for (let seed = 0; seed < count; seed++) {
    const random = seeded("graphs", seed);
    const make = () => randomNet(seeded("net", seed), { randomLayers: false });
    const [cached, stock] = [make(), make()];
    const all = namedParams(cached, { frozen: true });
    const chosen = new Set(all.filter(() => random() < 0.3).map(({ name }) => name));
    chosen.add("head/kernel");
    const holds = new Set(all.filter(() => random() < 0.7).map(({ layer }) => layer));
    const patch = holding((path) => holds.has(path));
    const xs = [tf.randomNormal([6, 4], 0, 1, "float32", 11), tf.randomNormal([6, 4], 0, 1, "float32", 12)];
    const ys = examples([1], 6).ys;
    const before = tf.memory().numTensors;
    const result = await fineTune(cached, {
      data: { xs, ys },
      loss: "categoricalCrossentropy",
      trainable: ({ name }) => chosen.has(name),
      patches: [patch],
      rule: sgd({ momentum: 0.9 }),
      learningRate: 0.05,
      epochs: 12,
      shuffle: false,
    });
    result.restore();
    expect(tf.memory().numTensors).toBe(before);
    if (result.plan.trunk.layers > 0) cutSomething++;
    const { restore } = patch.apply(stock as never);
    const losses = await plain(stock, chosen, { xs, ys }, 12);
    restore();
    expect(Math.max(...losses.map((loss, i) => Math.abs(loss - (result.history.loss[i] as number))))).toBeLessThan(
      1e-6,
    );
    expect(distance(weightsOf(cached), weightsOf(stock))).toBeLessThan(1e-6);
  }
  return cutSomething;
}
