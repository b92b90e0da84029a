import "@tensorflow/tfjs-backend-cpu";
import { sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeAll, expect, test } from "vitest";
import { fineTune } from "../src/index.ts";
import { pieces } from "../src/pipeline/trunk/pieces.ts";

beforeAll(() => tf.setBackend("cpu"));

test("a batch is cut where its inputs pass 5 MB, and no row is lost or doubled", async () => {
  const before = tf.memory().numTensors;
  const image = tf.range(0, 5 * 425 * 425 * 3);
  const inputs = [tf.reshape(image, [5, 425, 425, 3]), tf.tensor2d([0, 1, 2, 3, 4], [5, 1])];
  const seen = [...pieces(inputs, Int32Array.of(10, 11, 12, 13, 14))];
  // An example has 425·425·3·4 bytes and 4 more, which is 2.17 MB, so a piece has two.
  expect(seen.map(({ from }) => from)).toEqual([0, 2, 4]);
  expect(seen.flatMap(({ indices }) => [...indices])).toEqual([10, 11, 12, 13, 14]);
  const second = await Promise.all(seen.map(async (piece) => [...(await (piece.inputs[1] as tf.Tensor).data())]));
  expect(second).toEqual([[0, 1], [2, 3], [4]]);
  const small = [...pieces([inputs[1] as tf.Tensor], Int32Array.of(0, 1, 2, 3, 4))];
  expect(small.map(({ indices }) => indices.length)).toEqual([5]);
  tf.dispose([image, ...inputs, ...[...seen, ...small].flatMap(({ inputs }) => inputs)]);
  expect(tf.memory().numTensors).toBe(before);
});

test("a run whose trunk ran in pieces is bit-identical to one without a cache", async () => {
  const before = tf.memory().numTensors;
  const xs = tf.randomUniform([8, 425, 425, 3], 0, 1, "float32", 3);
  const ys = tf.tensor2d([1, 0, 0, 1, 1, 0, 0, 1], [8, 1]);
  const run = async (cache: false | "memory"): Promise<{ loss: readonly number[]; weights: number[] }> => {
    const model = net();
    const options = { loss: "meanSquaredError", trainable: "head/**", rule: sgd(), learningRate: 0.1 } as const;
    const result = await fineTune(model, { ...options, data: { xs, ys }, epochs: 2, batchSize: 4, cache });
    result.restore();
    const weights = model.getWeights().flatMap((tensor) => [...tensor.dataSync()]);
    model.dispose();
    return { loss: result.history.loss, weights };
  };
  expect(await run("memory")).toEqual(await run(false));
  tf.dispose([xs, ys]);
  expect(tf.memory().numTensors).toBe(before);
});

function net(): layers.LayersModel {
  const kernelInitializer = layers.initializers.glorotUniform({ seed: 1 });
  return layers.sequential({
    layers: [
      layers.layers.conv2d({ filters: 2, kernelSize: 3, strides: 8, inputShape: [425, 425, 3], kernelInitializer }),
      layers.layers.globalAveragePooling2d({}),
      layers.layers.dense({ units: 1, name: "head", kernelInitializer }),
    ],
  });
}
