import { wasmBackend } from "@graftjs/backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { domainReport, type FrozenBatchNormOptions, foldBatchNorm, frozenBatchNorm } from "../src/index.ts";
import oracle from "./axis-oracle.json" with { type: "json" };

/** Numbers of the generator in axis-oracle.py. */
function draws(seed: number): (shape: readonly number[], scale?: number, shift?: number) => tf.Tensor {
  let state = seed;
  return (shape, scale = 1, shift = 0) => {
    const values = Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state / 2 ** 31 - 1) * scale + shift;
    });
    return tf.tensor(values, [...shape]);
  };
}

type Case = (typeof oracle)[number];

function setUp({ shape, axis }: Case): { x: tf.Tensor; r: tf.Tensor; model: tfl.Sequential } {
  const array = draws(7);
  const full = [3, ...shape];
  const channels = [full.at(axis) as number];
  const [x, r] = [array(full, 2, 0.5), array(full)];
  const weights = [array(channels, 0.5, 1), array(channels, 0.3), array(channels, 0.5), array(channels, 0.5, 1)];
  const layer = tfl.layers.batchNormalization({ name: "bn", axis, momentum: 0.9, epsilon: 1e-3, inputShape: shape });
  const model = tfl.sequential({ layers: [layer] });
  layer.setWeights(weights);
  return { x, r, model };
}

const values = (tensor: tf.Tensor | undefined): number[] => [...(tensor as tf.Tensor).dataSync()];
const near = (expected: readonly number[], digits = 3): unknown[] => expected.map((n) => expect.closeTo(n, digits));

for (const backend of ["cpu", "wasm"]) {
  describe(`batch norm over any axis on ${backend}`, () => {
    beforeAll(async () => {
      await (backend === "wasm" ? wasmBackend().init() : tf.setBackend("cpu"));
    });
    afterAll(() => tf.setBackend("cpu"));

    for (const given of oracle) {
      const run = (options: FrozenBatchNormOptions, training: boolean): Record<string, number[]> => {
        const { x, r, model } = setUp(given);
        frozenBatchNorm(options).apply(model);
        const layer = model.layers[0] as tfl.layers.Layer;
        const [gamma, beta] = layer.weights.map((weight) => weight.read() as tf.Variable);
        let y: tf.Tensor | undefined;
        const { grads } = tf.variableGrads(
          () => {
            y = tf.keep(layer.apply(x, { training }) as tf.Tensor);
            return tf.sum(tf.mul(y, tf.add(y, r)));
          },
          [gamma, beta] as tf.Variable[],
        );
        const dx = tf.grad((input) => {
          const out = layer.call(input, { training: false }) as tf.Tensor;
          return tf.sum(tf.mul(out, tf.add(out, r)));
        })(x);
        const [, , mean, variance] = layer.getWeights();
        return {
          y: values(y),
          dx: values(dx),
          dgamma: values(grads[(gamma as tf.Variable).name]),
          dbeta: values(grads[(beta as tf.Variable).name]),
          mean: values(mean),
          variance: values(variance),
        };
      };

      it(`[${given.shape}], axis ${given.axis}: frozen, moving and inference equal Keras`, async () => {
        for (const blocks of ["exact", "off", "folded"] as const) {
          const held = run({ preset: "statistics", blocks }, true);
          for (const [key, expected] of Object.entries(given.held))
            expect(held[key], `held ${key}`).toEqual(near(expected));
        }
        const moving = run({ preset: "keras" }, true);
        const { dx: _, ...expected } = given.moving;
        for (const [key, wanted] of Object.entries(expected))
          expect(moving[key], `moving ${key}`).toEqual(near(wanted));
        const { x, model } = setUp(given);
        frozenBatchNorm({ preset: "keras" }).apply(model);
        expect(values(model.predict(x) as tf.Tensor)).toEqual(near(given.held.y));
      });
    }

    it("is measured over its axis, and the layers after it get right inputs", async () => {
      const { x, model } = setUp(oracle[3] as Case);
      const [, height, width] = (oracle[3] as Case).shape;
      model.add(tfl.layers.batchNormalization({ name: "after", inputShape: [4, height as number, width as number] }));
      const y = tf.tensor((oracle[3] as Case).held.y, x.shape);
      const { mean } = tf.moments(y, [0, 1, 2]);
      // The second layer has its first statistics, mean 0 and variance 1.
      const expected = values(mean).reduce((sum, m) => sum + Math.abs(m), 0) / 3 / Math.sqrt(1 + 1e-3);
      const { layers } = await domainReport(model, x);
      expect(layers[1]?.meanShift).toBeCloseTo(expected, 4);
    });

    it("is not folded into a convolution unless it is over the last axis", () => {
      const conv = tfl.layers.conv2d({ filters: 3, kernelSize: 1, inputShape: [4, 5, 2] });
      const model = tfl.sequential({ layers: [conv, tfl.layers.batchNormalization({ axis: 1 })] });
      expect(() => foldBatchNorm().apply(model)).toThrow(/cannot be folded|fold/);
    });
  });
}
