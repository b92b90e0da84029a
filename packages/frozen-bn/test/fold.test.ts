import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, expect, it } from "vitest";
import { foldBatchNorm, frozenBatchNorm } from "../src/index.ts";
import { bits, convNet, data, fit, moved } from "./nets.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

/** Returns a seeded generator of numbers in [0, 1). */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** Makes a net of two to four linear layers. Each has a batch norm that changes its input, and some have an activation. */
function randomNet(seed: number): { model: tfl.Sequential; norms: number } {
  const draw = draws(seed);
  const choose = <T>(...items: T[]): T => items[Math.floor(draw() * items.length)] as T;
  const oneLayer = (...makers: (() => tfl.layers.Layer)[]): tfl.layers.Layer => choose(...makers)();
  const init = (): ReturnType<typeof tfl.initializers.randomNormal> =>
    tfl.initializers.randomNormal({ stddev: 0.5, seed: Math.floor(draw() * 1e6) + 1 });
  const uniform = (): ReturnType<typeof tfl.initializers.randomUniform> =>
    tfl.initializers.randomUniform({ minval: 0.2, maxval: 3, seed: Math.floor(draw() * 1e6) + 1 });
  const model = tfl.sequential({ layers: [tfl.layers.inputLayer({ inputShape: [7, 8, 3] })] });
  let norms = 0;
  const normed = (): void => {
    norms++;
    const [scale, center] = [draw() < 0.8, draw() < 0.8];
    const init1 = { movingMeanInitializer: init(), movingVarianceInitializer: uniform() };
    model.add(
      tfl.layers.batchNormalization({ scale, center, ...init1, gammaInitializer: init(), betaInitializer: init() }),
    );
    if (draw() < 0.6)
      model.add(
        oneLayer(
          () => tfl.layers.reLU({ maxValue: 6 }),
          () => tfl.layers.reLU(),
          () => tfl.layers.activation({ activation: "elu" }),
        ),
      );
  };
  for (let i = 0; i < 1 + Math.floor(draw() * 3); i++) {
    const args = {
      kernelSize: choose(1, 2, 3),
      strides: choose(1, 1, 2),
      padding: "same" as const,
      useBias: draw() < 0.5,
      kernelInitializer: init(),
      biasInitializer: init(),
    };
    model.add(
      oneLayer(
        () => tfl.layers.conv2d({ ...args, filters: 4 }),
        () => tfl.layers.depthwiseConv2d({ ...args, depthMultiplier: choose(1, 2), depthwiseInitializer: init() }),
        () => tfl.layers.conv2dTranspose({ ...args, filters: 3 }),
      ),
    );
    normed();
  }
  model.add(tfl.layers.flatten());
  model.add(tfl.layers.dense({ units: 4, kernelInitializer: init(), useBias: draw() < 0.5 }));
  normed();
  return { model, norms };
}

it("changes outputs by less than 1e-5 on 40 random nets, and restore() brings back the exact outputs", () => {
  let changed = 0;
  for (let seed = 1; seed <= 40; seed++) {
    tf.tidy(() => {
      const { model, norms } = randomNet(seed);
      const x = tf.randomNormal([3, 7, 8, 3], 0, 1, "float32", seed);
      const stock = (model.predict(x) as tf.Tensor).dataSync();
      const handle = foldBatchNorm().apply(model);
      expect(handle.summary).toContain(`${norms} of ${norms}`);
      const folded = (model.predict(x) as tf.Tensor).dataSync();
      const size = Math.max(...stock.map(Math.abs));
      expect(Math.max(...stock.map((v, i) => Math.abs(v - (folded[i] as number)))) / size).toBeLessThan(1e-5);
      if (folded.some((v, i) => v !== stock[i])) changed++;
      handle.restore();
      expect((model.predict(x) as tf.Tensor).dataSync()).toEqual(stock);
      model.dispose();
    });
  }
  // A fold that does nothing would give equal bits for all nets. A correct fold gives equal bits for a few nets by chance.
  expect(changed).toBeGreaterThan(35);
});

it("uses new weights after an assignment, and does nothing in training", async () => {
  const [stock, folded] = [convNet(), convNet()];
  foldBatchNorm().apply(folded);
  const { x } = data();
  folded.predict(x);
  await fit(stock, 2);
  await fit(folded, 2);
  expect(moved(bits(stock), bits(folded))).toEqual([]);
  const [a, b] = [stock, folded].map((model) => (model.predict(x) as tf.Tensor).dataSync());
  expect(Math.max(...(a as Float32Array).map((v, i) => Math.abs(v - (b?.[i] as number))))).toBeLessThan(1e-6);
});

it("refuses with a reason: folded twice, two readers, shared, after an activation, or without a linear layer", () => {
  const twice = convNet();
  const first = foldBatchNorm().apply(twice);
  expect(() => foldBatchNorm().apply(twice)).toThrow(/folded already/);
  first.restore();
  foldBatchNorm().apply(twice).restore();

  const input = tfl.input({ shape: [4, 4, 2] });
  const conv = (name: string, activation?: "relu"): tfl.layers.Layer =>
    tfl.layers.conv2d({ filters: 2, kernelSize: 1, name, ...(activation ? { activation } : {}) });
  const bn = (name: string): tfl.layers.Layer => tfl.layers.batchNormalization({ name });
  const apply = (layer: tfl.layers.Layer, x: tfl.SymbolicTensor | tfl.SymbolicTensor[]): tfl.SymbolicTensor =>
    layer.apply(x) as tfl.SymbolicTensor;
  const read = apply(conv("read"), input);
  const shared = bn("shared");
  const parts = [
    apply(bn("two_consumers"), read),
    read,
    apply(shared, apply(conv("s1"), input)),
    apply(shared, apply(conv("s2"), input)),
    apply(bn("activated"), apply(conv("relu", "relu"), input)),
    apply(bn("first"), input),
  ];
  const model = tfl.model({ inputs: input, outputs: apply(tfl.layers.add(), parts) });
  const error = ((): string => {
    try {
      foldBatchNorm().apply(model);
      return "";
    } catch (thrown) {
      return String(thrown);
    }
  })();
  expect(error).toContain("two_consumers: another layer also reads the output of `read` before it");
  expect(error).toContain("shared: it is applied 2 times");
  expect(error).toContain("activated: `relu` before it has an activation");
  expect(error).toContain("first: it follows InputLayer");
  expect(Object.hasOwn(model.getLayer("read"), "call")).toBe(false);
});

it("works together with frozen-bn in any order", () => {
  const model = convNet();
  const { x } = data();
  const stock = (model.predict(x) as tf.Tensor).dataSync();
  const frozen = frozenBatchNorm({ blocks: "folded" }).apply(model);
  const fold = foldBatchNorm().apply(model);
  frozen.restore();
  const folded = (model.predict(x) as tf.Tensor).dataSync();
  expect(Math.max(...stock.map((v, i) => Math.abs(v - (folded[i] as number))))).toBeLessThan(1e-6);
  fold.restore();
  expect((model.predict(x) as tf.Tensor).dataSync()).toEqual(stock);
});
