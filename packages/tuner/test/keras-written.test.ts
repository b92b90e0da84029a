import "@tensorflow/tfjs-backend-cpu";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import * as fflate from "fflate";
import * as h5wasm from "h5wasm";
import { expect, it } from "vitest";
import { type H5Wasm, loadKeras, saveKeras } from "../src/index.ts";
import { modelsForKeras } from "./keras-written-models.ts";

const packages = { h5wasm: h5wasm as unknown as H5Wasm, fflate };
// What Keras 3 has read from these files, and predicted: keras-written-oracle.py.
const oracle = JSON.parse(readFileSync(join(import.meta.dirname, "keras-written-oracle.json"), "utf8")) as Record<
  string,
  { config: object; weights: Record<string, [shape: number[], sum: number]>; outputs: number[][][] }
>;

await tf.setBackend("cpu");
const made = modelsForKeras();
const predict = (model: tfl.LayersModel, inputs: tf.Tensor[]): tf.Tensor[] =>
  [model.predict(inputs.length > 1 ? inputs : (inputs[0] as tf.Tensor))].flat();

for (const [name, { model, inputs }] of Object.entries(made))
  it(`writes a file in which Keras finds the same model, and predicts the same: ${name}`, async () => {
    const { config, weights, outputs } = oracle[name] as (typeof oracle)[string];
    const bytes = await saveKeras(model, packages, { card: { classes: ["a", "b"] } });
    const files = fflate.unzipSync(bytes);
    expect(JSON.parse(fflate.strFromU8(files["config.json"] as Uint8Array))).toEqual(config);
    expect(JSON.parse(fflate.strFromU8(files["metadata.json"] as Uint8Array)).graft).toEqual({ classes: ["a", "b"] });
    expect(await datasets(files["model.weights.h5"] as Uint8Array)).toEqual(weights);
    predict(model, inputs).forEach((output, i) => {
      const expected = tf.tensor(outputs[i] as number[][]);
      expect(output.shape).toEqual(expected.shape);
      expect(tf.max(tf.abs(tf.sub(output, expected))).dataSync()[0]).toBeLessThan(1e-5);
    });
    const loaded = await loadKeras(bytes, packages);
    predict(loaded, inputs).forEach((output, i) => {
      expect(tf.max(tf.abs(tf.sub(output, tf.tensor(outputs[i] as number[][])))).dataSync()[0]).toBeLessThan(1e-5);
    });
  });

/** Lists the datasets of an HDF5 file: shape and sum of each. */
async function datasets(bytes: Uint8Array): Promise<Record<string, [number[], number]>> {
  const { FS } = await h5wasm.ready;
  FS.writeFile("read.h5", bytes);
  const file = new h5wasm.File("read.h5", "r");
  const found: Record<string, [number[], number]> = {};
  for (const path of file.paths()) {
    const item = file.get(path);
    if (!(item instanceof h5wasm.Dataset)) continue;
    const sum = (item.value as Float32Array).reduce((total, value) => total + value, 0);
    found[path] = [item.shape as number[], expect.closeTo(sum, 3) as number];
  }
  file.close();
  FS.unlink("read.h5");
  return found;
}

it("names the layer that cannot be written, and the way out", async () => {
  const { layers: L } = tfl;
  const x = tfl.input({ shape: [4, 4] });
  const image = tfl.input({ shape: [4, 4, 1] });
  const quick = { kernelInitializer: "zeros", recurrentInitializer: "zeros" } as const;
  const cases: [tfl.SymbolicTensor, unknown, RegExp][] = [
    [
      x,
      L.gru({ units: 2, ...quick, name: "g" }).apply(x),
      /`recurrent_activation` of layer `g` \(GRU\) is `hard_sigmoid`, which Keras 3 defines with another slope\.\n {2}Train the layer with `sigmoid`/,
    ],
    [
      x,
      L.thresholdedReLU({ theta: 1, name: "t" }).apply(x),
      /Layer `t` is of the class ThresholdedReLU, which cannot be written for Keras\.\n {2}Replace it/,
    ],
    [
      image,
      L.upSampling2d({ interpolation: "bilinear", name: "u" } as never).apply(image),
      /`interpolation` of layer `u` \(UpSampling2D\) is "bilinear", .*\n {2}.*Use nearest/,
    ],
    [x, L.rnn({ cell: L.simpleRNNCell({ units: 2, ...quick }), name: "r" }).apply(x), /Layer `r` is of the class RNN/],
  ];
  for (const [input, output, message] of cases)
    await expect(
      saveKeras(tfl.model({ inputs: input, outputs: output as tfl.SymbolicTensor }), packages),
    ).rejects.toThrow(message);
});
