import "@tensorflow/tfjs-backend-cpu";
import { plugins as corePlugins } from "@graftjs/core";
import { createRegistry } from "@graftjs/registry";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, expect, it } from "vitest";
import { nativeLayers, plugins } from "../src/index.ts";

beforeAll(() => tf.setBackend("cpu"));

/** Makes a nested model and a wrapper around layers that the patch changes. */
function nested(): tfl.LayersModel {
  const block = tfl.sequential({
    name: "block",
    layers: [
      tfl.layers.batchNormalization({ name: "norm", inputShape: [4, 3] }),
      tfl.layers.reLU({ name: "relu6", maxValue: 6 }),
      tfl.layers.reLU({ name: "relu" }),
    ],
  });
  const wrapped = tfl.layers.timeDistributed({
    name: "wrapper",
    layer: tfl.layers.reLU({ name: "inner", maxValue: 6 }),
  });
  return tfl.sequential({ layers: [block, wrapped] });
}

const layersOf = (model: tfl.LayersModel): tfl.layers.Layer[] =>
  model.layers.flatMap((layer) => [layer, ...((layer as tfl.LayersModel).layers ?? [])]) as tfl.layers.Layer[];

it("names the layers whose values it does not change by their stable paths", () => {
  expect(nativeLayers().apply(nested()).pure).toEqual(["block/relu6", "wrapper"]);
});

it("restores every layer exactly, even if it is called twice", () => {
  const model = nested();
  const handle = nativeLayers().apply(model);
  handle.restore();
  handle.restore();
  expect(layersOf(model).some((layer) => Object.hasOwn(layer, "call"))).toBe(false);
});

it("keeps a call that another patch has replaced, before it or after it", () => {
  const model = nested();
  const [block] = model.layers as unknown as [tfl.LayersModel];
  const [norm, relu6] = block.layers as [tfl.layers.Layer, tfl.layers.Layer];
  const before = (inputs: tf.Tensor | tf.Tensor[]) => inputs;
  norm.call = before;
  const handle = nativeLayers().apply(model);
  const after = (inputs: tf.Tensor | tf.Tensor[]) => inputs;
  relu6.call = after;
  handle.restore();
  expect([norm.call, relu6.call]).toEqual([before, after]);
});

it("computes like the layers on another backend", () => {
  const [plain, patched] = [nested(), nested()];
  nativeLayers().apply(patched);
  const x = tf.reshape(tf.range(-12, 12), [2, 4, 3]);
  const run = (model: tfl.LayersModel): number[] =>
    tf.tidy(() => [...(model.apply(x, { training: true }) as tf.Tensor).dataSync()]);
  expect(run(patched)).toEqual(run(plain));
});

it("is a plugin that a recipe names and that `explain` shows", async () => {
  const registry = createRegistry([corePlugins, plugins]);
  const text = await registry.explain({ patches: ["native-layers"], rule: "sgd", learningRate: 0.1 });
  expect(text).toMatch(/1\. native-layers — Computes batch norm in training and relu6 layers by one operation each/);
});
