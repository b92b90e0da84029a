import "@tensorflow/tfjs-backend-cpu";
import { inflateSync } from "node:zlib";
import * as tf from "@tensorflow/tfjs-core";
import * as fflate from "fflate";
import * as h5wasm from "h5wasm";
import { beforeEach, describe, expect, it } from "vitest";
import { type H5Wasm, LoadError, loadKeras } from "../src/index.ts";
import oracle from "./keras-oracle.json" with { type: "json" };

beforeEach(() => tf.setBackend("cpu"));

const readers = { h5wasm: h5wasm as unknown as H5Wasm, fflate };
const bytesOf = (keras: string): Uint8Array => new Uint8Array(inflateSync(Buffer.from(keras, "base64")));

describe("loadKeras", () => {
  for (const [name, { keras, inputs, outputs }] of Object.entries(oracle)) {
    it(`predicts the same as Keras: ${name}`, async () => {
      const model = await loadKeras(bytesOf(keras), readers);
      const given = inputs.map((values) => tf.tensor(values as number[][]));
      const made = model.predict(given.length === 1 ? (given[0] as tf.Tensor) : given) as tf.Tensor;
      const expected = tf.tensor(outputs as number[][]);
      expect(made.shape).toEqual(expected.shape);
      expect(tf.max(tf.abs(tf.sub(made, expected))).dataSync()[0]).toBeLessThan(1e-6);
      const twice = fflate.zipSync(fflate.unzipSync(bytesOf(keras)), { level: 9 });
      const deflated = await loadKeras(twice, readers);
      const again = deflated.predict(given.length === 1 ? (given[0] as tf.Tensor) : given) as tf.Tensor;
      expect(again.dataSync()).toEqual(made.dataSync());
    });
  }

  it("refuses files that are damaged, lack a part or do not fit, and leaks no tensors", async () => {
    const whole = bytesOf(oracle.image.keras);
    const files = fflate.unzipSync(whole);
    const config = new TextDecoder().decode(files["config.json"]);
    const zipped = (parts: Record<string, Uint8Array>): Uint8Array =>
      fflate.zipSync({ ...files, ...parts }, { level: 0 });
    const text = (value: string): Uint8Array => new TextEncoder().encode(value);
    const { "config.json": _, ...without } = files;
    const cases: [Uint8Array, RegExp][] = [
      [new Uint8Array(50), /cannot be unzipped/],
      [whole.subarray(0, whole.length - 60), /cannot be unzipped/],
      [fflate.zipSync(without), /lacks config.json/],
      [zipped({ "config.json": text("{") }), /not JSON/],
      [zipped({ "model.weights.h5": new Uint8Array(90) }), /not an HDF5/],
      [zipped({ "model.weights.h5": (files["model.weights.h5"] as Uint8Array).subarray(0, 2000) }), /./],
      [
        zipped({ "config.json": text(config.replace('"units": 3', '"units": 2')) }),
        /`head` has weights of shapes \[4,2\] \[2\]/,
      ],
    ];
    const before = tf.memory().numTensors;
    for (const [bytes, message] of cases) {
      const load = loadKeras(bytes, readers);
      await expect(load).rejects.toThrow(message);
      await expect(load).rejects.toThrow(LoadError);
      expect(tf.memory().numTensors).toBe(before);
    }
  });
});
