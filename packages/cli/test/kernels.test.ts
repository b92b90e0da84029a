import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { expect, it } from "vitest";
import { kernelsOfRun } from "../src/run/kernels-of-run.ts";

/** Makes a model with a convolution below another one, on images of any size. */
function net(): tfl.LayersModel {
  return tfl.sequential({
    layers: [
      tfl.layers.conv2d({ inputShape: [null, null, 3], filters: 2, kernelSize: 3, name: "conv" } as never),
      tfl.layers.depthwiseConv2d({ kernelSize: 3, name: "depthwise" }),
      tfl.layers.globalAveragePooling2d({}),
      tfl.layers.dense({ units: 4, activation: "softmax", name: "head" }),
    ],
  });
}
const options = { rule: sgd(), learningRate: 0.1, epochs: 3, loss: "sparseCategoricalCrossentropy" } as const;

it("finds the kernels of a run, without those of layers that are not trained", async () => {
  await tf.setBackend("cpu");
  const stock = tf.getKernel("Conv2D", "cpu");
  const model = net();
  const before = tf.memory().numTensors;
  const all = await kernelsOfRun(model, { ...options, trainable: "all" });
  expect(all).toEqual(expect.arrayContaining(["Conv2DBackpropFilter", "DepthwiseConv2dNativeBackpropInput"]));
  const head = await kernelsOfRun(model, { ...options, trainable: "head/**" });
  expect(head).toContain("FusedConv2D");
  expect(head).not.toContain("Conv2DBackpropFilter");
  expect(tf.memory().numTensors).toBe(before);
  expect(tf.getKernel("Conv2D", "cpu")).toBe(stock);
  model.dispose();
});

it("returns undefined if the step fails", async () => {
  const model = net();
  expect(await kernelsOfRun(model, { ...options, trainable: "haed/**" })).toBeUndefined();
  model.dispose();
});
