import "@tensorflow/tfjs-backend-cpu";
import { namedWeights } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { fusedLayers, wasmBackend } from "../src/index.ts";

beforeAll(async () => {
  await wasmBackend().init();
});

/** A model whose trunk is a nested model. */
function nestedModel(): layers.LayersModel {
  const trunk = layers.sequential({ name: "trunk" });
  trunk.add(layers.layers.conv2d({ name: "conv", inputShape: [6, 6, 2], filters: 3, kernelSize: 3 }));
  trunk.add(layers.layers.layerNormalization({ name: "norm" }));
  trunk.add(layers.layers.batchNormalization({ name: "bn" }));
  const model = layers.sequential({ name: "model" });
  model.add(trunk);
  model.add(layers.layers.conv2d({ name: "head", filters: 2, kernelSize: 2 }));
  model.add(layers.layers.flatten());
  model.add(layers.layers.dense({ name: "dense", units: 1 }));
  return model;
}

describe("fusedLayers", () => {
  it("names layers of nested models by their stable paths, as parameters are named", () => {
    const model = nestedModel();
    const { pure, summary } = fusedLayers().apply(model as never);
    expect(pure).toEqual(["trunk/conv", "trunk/norm", "head"]);
    const paths = new Set(namedWeights(model as never).map(({ layer }) => layer));
    expect(pure?.every((path) => paths.has(path))).toBe(true);
    expect(summary).toBe("4 layers compute by fused kernels");
    model.dispose();
  });

  it("names a layer that two nested models share once, by its first path", () => {
    const shared = layers.layers.conv2d({ name: "conv", filters: 2, kernelSize: 1 });
    const input = (): layers.SymbolicTensor => layers.input({ shape: [4, 4, 2] });
    const [a, b] = ["a", "b"].map((name) => {
      const x = input();
      return layers.model({ name, inputs: x, outputs: shared.apply(x) as layers.SymbolicTensor });
    }) as [layers.LayersModel, layers.LayersModel];
    const x = input();
    const model = layers.model({ inputs: x, outputs: b.apply(a.apply(x)) as layers.SymbolicTensor });
    expect(fusedLayers().apply(model as never).pure).toEqual(["a/conv"]);
    model.dispose();
  });

  it("puts every call back, and a second restore changes nothing", () => {
    const model = nestedModel();
    const conv = (model.getLayer("trunk") as unknown as layers.LayersModel).getLayer("conv");
    const x = tf.ones([1, 6, 6, 2]);
    const expected = (model.predict(x) as tf.Tensor).dataSync();
    const patch = fusedLayers().apply(model as never);
    expect(Object.hasOwn(conv, "call")).toBe(true);
    for (const [i, value] of (model.predict(x) as tf.Tensor).dataSync().entries())
      expect(value).toBeCloseTo(expected[i] as number, 5);
    patch.restore();
    patch.restore();
    expect(Object.hasOwn(conv, "call")).toBe(false);
    expect((model.predict(x) as tf.Tensor).dataSync()).toEqual(expected);
    x.dispose();
    model.dispose();
  });
});
