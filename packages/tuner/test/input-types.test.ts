import "@tensorflow/tfjs-backend-cpu";
import { wasmBackend } from "@graftjs/backend-wasm";
import { loadGraphModel } from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import { fineTune, flip, functionAdapter, graphModelAdapter, rotate } from "../src/index.ts";
import { build, graphTaking, labels, options, testInputTypes, wholeNumbers } from "./input-types-suite.ts";

const L = layers.layers;
await wasmBackend().init();
for (const backend of ["cpu", "wasm"]) testInputTypes(backend);

describe("inputs", () => {
  beforeEach(() => tf.setBackend("cpu"));
  const head = { ...options, trainable: "head", shuffle: false } as const;

  it("may be typed arrays of any kind", async () => {
    const values = Array.from({ length: 48 }, (_, i) => (i * 7) % 25);
    const hot = labels();
    const ys = { values: [...hot.dataSync()], shape: [12, 2] };
    const losses = await Promise.all(
      [Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Uint8Array, Uint8ClampedArray, Uint16Array].map(
        async (Kind) => {
          const xs = { values: Kind.from(values), shape: [12, 4] };
          const data = { xs, ys: { ...ys, values: Kind.from(ys.values) } };
          return (await fineTune(build("layerNorm"), { ...head, data })).history.loss;
        },
      ),
    );
    const big = {
      xs: { values: BigInt64Array.from(values, BigInt), shape: [12, 4] },
      ys: { ...ys, values: Float32Array.from(ys.values) },
    };
    losses.push((await fineTune(build("layerNorm"), { ...head, data: big })).history.loss);
    const rows = { xs: Array.from({ length: 12 }, (_, i) => Float64Array.from(values.slice(4 * i, 4 * i + 4))) };
    losses.push(
      (
        await fineTune(build("layerNorm"), {
          ...head,
          data: { ...rows, ys: { ...ys, values: Float32Array.from(ys.values) } },
        })
      ).history.loss,
    );
    for (const loss of losses) expect(loss).toEqual(losses[0]);
  });

  it("are cast in streams too", async () => {
    const xs = wholeNumbers([5, 5, 2], "int32");
    const want = (await fineTune(build("conv2d"), { ...head, data: { xs, ys: labels() } })).history.loss;
    const stream = () => [{ xs: tf.clone(xs), ys: tf.cast(labels(), "bool") }];
    expect((await fineTune(build("conv2d"), { ...head, data: { stream } })).history.loss).toEqual(want);
  });

  it("are augmented as float32 and reach the model in its dtype", async () => {
    const data = { xs: wholeNumbers([5, 5, 2], "int32"), ys: labels() };
    const float = { ...data, xs: tf.cast(data.xs, "float32") };
    const turned = { ...head, augment: [rotate({ degrees: 30 }), flip()] };
    const want = (await fineTune(build("conv2d"), { ...turned, data: float })).history.loss;
    expect((await fineTune(build("conv2d"), { ...turned, data })).history.loss).toEqual(want);
  });

  it("keep integers that only an Embedding reads, also above 2^24", async () => {
    const seen: string[] = [];
    const model = layers.sequential({
      layers: [L.embedding({ inputDim: 9, outputDim: 3, inputLength: 4, name: "words" }), L.flatten()],
    });
    model.add(L.dense({ units: 2, name: "head" }));
    const words = model.layers[0] as layers.layers.Layer;
    const call = words.call.bind(words);
    words.call = (inputs, kwargs) => {
      seen.push((inputs as tf.Tensor[])[0]?.dtype as string);
      return call(inputs, kwargs);
    };
    const ids = tf.cast(tf.randomUniform([12, 4], 0, 9, "int32", 3), "int32");
    await fineTune(model, { ...head, data: { xs: ids, ys: labels() } });
    expect(new Set(seen)).toEqual(new Set(["int32"]));
    seen.length = 0;
    await fineTune(model, { ...head, data: { xs: tf.cast(ids, "float32"), ys: labels() } });
    expect(new Set(seen)).toEqual(new Set(["float32"]));
  });

  it("of functions keep their dtypes", async () => {
    const seen: string[] = [];
    const w = tf.variable(tf.ones([4, 2]));
    const forward = ([x]: readonly tf.Tensor[]): tf.Tensor => {
      seen.push(x?.dtype as string);
      return tf.matMul(tf.cast(x as tf.Tensor2D, "float32"), w as unknown as tf.Tensor2D);
    };
    const model = functionAdapter({
      variables: { "a/w": w },
      forward,
      inputs: { x: [null, 4] },
      outputs: { y: [null, 2] },
    });
    const xs = wholeNumbers([4], "int32");
    await fineTune(model, { ...options, data: { xs, ys: labels() }, trainable: "all" });
    expect(new Set(seen)).toEqual(new Set(["int32"]));
  });

  it("with fractions are refused by a graph that takes integers", async () => {
    const adapter = graphModelAdapter(await loadGraphModel({ load: async () => graphTaking("DT_UINT8") }));
    const data = { xs: tf.randomUniform([12, 4]), ys: labels() };
    const [before, start] = [[...(adapter.weights[0]?.variable.dataSync() ?? [])], tf.memory().numTensors];
    await expect(fineTune(adapter, { ...options, data, trainable: "all" })).rejects.toThrow(
      /data\.xs `x` holds numbers that are not whole, and the model takes int32\.\n.*pixels from 0 to 255/,
    );
    expect([...(adapter.weights[0]?.variable.dataSync() ?? [])]).toEqual(before);
    expect(tf.memory().numTensors).toBe(start);
  });

  it("of text are refused with a way out", async () => {
    const xs = tf.tensor2d(["a", "b", "c", "d"], [1, 4], "string");
    await expect(fineTune(build("dense"), { ...head, data: { xs, ys: tf.ones([1, 2]) } })).rejects.toThrow(
      /holds text\. Convert text to numbers first/,
    );
  });
});
