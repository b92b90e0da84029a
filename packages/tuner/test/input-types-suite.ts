import "@tensorflow/tfjs-backend-cpu";
import { sgd } from "@graftjs/core";
import { loadGraphModel } from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { afterAll, describe, expect, it } from "vitest";
import { type FineTuneOptions, fineTune, graphModelAdapter } from "../src/index.ts";
import { graphOf, matMul } from "./graphs.ts";
import { weightsOf } from "./support.ts";

const L = layers.layers;
const init = (seed: number) => layers.initializers.randomUniform({ minval: -0.5, maxval: 0.5, seed });

const k = { kernelInitializer: init(1) };
/** First layers whose kernels reject int32 or read its bytes as floats, with the shape of an example. */
const firstLayers: Record<string, [(shape: number[]) => layers.layers.Layer | object, number[]]> = {
  dense: [(inputShape) => L.dense({ units: 3, inputShape, ...k }), [4]],
  conv1d: [(inputShape) => L.conv1d({ filters: 2, kernelSize: 2, inputShape, ...k }), [5, 2]],
  conv2d: [(inputShape) => L.conv2d({ filters: 2, kernelSize: 3, inputShape, ...k }), [5, 5, 2]],
  conv3d: [(inputShape) => L.conv3d({ filters: 2, kernelSize: 2, inputShape, ...k }), [3, 3, 3, 2]],
  depthwise: [
    (inputShape) => L.depthwiseConv2d({ kernelSize: 3, inputShape, depthwiseInitializer: init(2) }),
    [5, 5, 2],
  ],
  separable: [
    (inputShape) =>
      L.separableConv2d({
        filters: 2,
        kernelSize: 3,
        inputShape,
        depthwiseInitializer: init(2),
        pointwiseInitializer: init(3),
      }),
    [5, 5, 2],
  ],
  transposed: [(inputShape) => L.conv2dTranspose({ filters: 2, kernelSize: 2, inputShape, ...k }), [3, 3, 2]],
  transposed3d: [(inputShape) => L.conv3dTranspose({ filters: 2, kernelSize: 2, inputShape, ...k }), [2, 2, 2, 2]],
  averagePool: [(inputShape) => L.averagePooling2d({ inputShape }), [4, 4, 2]],
  averagePool3d: [(inputShape) => L.averagePooling3d({ inputShape }), [2, 2, 2, 2]],
  maxPool3d: [(inputShape) => L.maxPooling3d({ inputShape }), [2, 2, 2, 2]],
  layerNorm: [(inputShape) => L.layerNormalization({ inputShape }), [4]],
  batchNorm: [(inputShape) => L.batchNormalization({ inputShape }), [4, 4, 2]],
  prelu: [(inputShape) => L.prelu({ inputShape, alphaInitializer: init(4) }), [4]],
  lstm: [(inputShape) => L.lstm({ units: 3, inputShape, ...k, recurrentInitializer: init(5) }), [4, 2]],
  convLstm: [
    (inputShape) => L.convLstm2d({ filters: 2, kernelSize: 2, inputShape, ...k, recurrentInitializer: init(5) }),
    [2, 3, 3, 1],
  ],
  rescaling: [(inputShape) => L.rescaling({ scale: 1 / 255, inputShape } as never), [5, 5, 2]],
};

export function build(name: string): layers.Sequential {
  const [first, shape] = firstLayers[name] as [(shape: number[]) => layers.layers.Layer, number[]];
  const model = layers.sequential({ layers: [first(shape)] });
  if ((model.outputs[0] as layers.SymbolicTensor).shape.length > 2) model.add(L.flatten());
  model.add(L.dense({ units: 2, name: "head", kernelInitializer: init(9) }));
  return model;
}

/** Whole numbers from 0 to 24 as bool, bytes or int32. They differ from each other, and so do their bytes read as floats. */
export function wholeNumbers(shape: number[], dtype: "int32" | "bool"): tf.Tensor {
  const values = Int32Array.from({ length: shape.reduce((a, b) => a * b, 12) }, (_, i) => (i * 7 + (i >> 2)) % 25);
  return tf.cast(tf.tensor(values, [12, ...shape], "int32"), dtype);
}

/** A graph x·kernel whose placeholder has the given type. Its kernel is 0.001, 0.002, … 0.008. */
export function graphTaking(type: string): tf.io.ModelArtifacts {
  const kernel = { name: "w/k", shape: [4, 2], values: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => n / 1000) };
  const cast = { name: "f", op: "Cast", input: ["x"], attr: { SrcT: { type }, DstT: { type: "DT_FLOAT" } } };
  const artifacts = graphOf([cast, matMul("m", "f", "w/k")], [kernel]);
  const { node } = artifacts.modelTopology as { node: { op: string; attr: object }[] };
  for (const { op, attr } of node) if (op === "Placeholder") Object.assign(attr, { dtype: { type } });
  return artifacts;
}

export const labels = (): tf.Tensor =>
  tf.cast(tf.oneHot(tf.tensor1d(Int32Array.from({ length: 12 }, (_, i) => i % 2)), 2), "float32");

export const options = { loss: "meanSquaredError", rule: sgd(), learningRate: 1e-4, epochs: 2, batchSize: 4 } as const;

/** Registers the tests of inputs that are not float32 on a backend that is open. The values are those of stock tfjs on plain JavaScript. */
export function testInputTypes(backend: string): void {
  describe(`inputs that are not float32, on ${backend}`, () => {
    afterAll(() => tf.setBackend("cpu"));

    for (const name of Object.keys(firstLayers)) {
      it(`train ${name} as stock fit does on plain JavaScript`, async () => {
        const [, shape] = firstLayers[name] as [unknown, number[]];
        for (const dtype of ["int32", "bool"] as const) {
          // tfjs has no gradient of the transposed 3-D convolution.
          for (const trainable of name === "transposed3d" ? (["head"] as const) : (["all", "head"] as const)) {
            await tf.setBackend("cpu");
            const stock = build(name);
            // A frozen BatchNormalization still moves its statistics, in stock tfjs as in Graft.
            if (trainable === "head") for (const layer of stock.layers) layer.trainable = layer.name === "head";
            stock.compile({ optimizer: tf.train.sgd(1e-4), loss: "meanSquaredError" });
            await stock.fit(wholeNumbers(shape, dtype), labels(), {
              epochs: 2,
              batchSize: 4,
              shuffle: false,
              verbose: 0,
            });
            const expected = Object.values(weightsOf(stock)).flat();
            await tf.setBackend(backend);
            const tuned = build(name);
            const data = { xs: wholeNumbers(shape, dtype), ys: labels() };
            const { history } = await fineTune(tuned, {
              ...options,
              data,
              validation: data,
              trainable,
              shuffle: false,
            });
            expect(Object.values(weightsOf(tuned)).flat(), `${dtype} ${trainable}`).toEqual(
              expected.map((value) => expect.closeTo(value, 5)),
            );
            expect(history.val_loss?.every(Number.isFinite)).toBe(true);
          }
        }
      });
    }

    it("of graphs are cast to the dtype of their placeholder", async () => {
      await tf.setBackend(backend);
      const values = Array.from({ length: 48 }, (_, i) => (i * 7 + (i >> 2)) % 25);
      const run = async (placeholder: string, xs: unknown, learningRate = 1e-4): Promise<number[]> => {
        const adapter = graphModelAdapter(await loadGraphModel({ load: async () => graphTaking(placeholder) }));
        const data = { xs, ys: labels() } as FineTuneOptions["data"];
        const { history } = await fineTune(adapter, {
          ...options,
          learningRate,
          data,
          validation: data,
          trainable: "all",
        });
        const trained = adapter.weights.flatMap(({ variable }) => [...variable.dataSync()]);
        adapter.release();
        return [...history.loss, ...(history.val_loss ?? []), ...trained];
      };
      const kinds = [Float32Array, Int16Array, Uint8Array];
      const given = [
        ...kinds.map((Kind) => ({ values: Kind.from(values), shape: [12, 4] })),
        tf.tensor2d(values, [12, 4], "int32"),
        tf.tensor2d(values, [12, 4], "float32"),
      ];
      const truth = tf.tensor2d(values, [12, 4], "bool");
      for (const placeholder of ["DT_FLOAT", "DT_INT32", "DT_UINT8"]) {
        const expected = await run(
          placeholder,
          tf.tensor2d(values, [12, 4], placeholder === "DT_FLOAT" ? "float32" : "int32"),
        );
        for (const xs of given) expect(await run(placeholder, xs), placeholder).toEqual(expected);
        const ones = await run(
          placeholder,
          tf.tensor2d(
            values.map((n) => Number(n > 0)),
            [12, 4],
            "int32",
          ),
        );
        expect(await run(placeholder, truth), placeholder).toEqual(ones);
      }
      // By hand: the mean square of the product with the kernel, less the label.
      const [first] = await run("DT_INT32", given[0], 0);
      const rows = Array.from({ length: 12 }, (_, i) => values.slice(4 * i, 4 * i + 4));
      const squares = rows.flatMap((row, i) =>
        [0, 1].map((unit) => {
          const sum = row.reduce((all, n, k) => all + (n * (2 * k + unit + 1)) / 1000, 0);
          return (sum - Number(i % 2 === unit)) ** 2;
        }),
      );
      expect(first).toBeCloseTo(squares.reduce((a, b) => a + b) / squares.length, 4);
    });

    it("train on labels of any dtype as on float32 labels", async () => {
      await tf.setBackend(backend);
      const run = async (dtype: "float32" | "int32" | "bool", more: Partial<FineTuneOptions>): Promise<number[]> => {
        const model = build("dense");
        const data = { xs: wholeNumbers([4], "int32"), ys: tf.cast(labels(), dtype) };
        const { history } = await fineTune(model, { ...options, data, trainable: "all", ...more } as FineTuneOptions);
        return [...history.loss, ...Object.values(weightsOf(model)).flat()];
      };
      for (const more of [
        {},
        { loss: "huber" },
        { loss: "sigmoidCrossEntropy" },
        { loss: "kullbackLeiblerDivergence", mixup: 0.2 },
        { loss: "softmaxCrossEntropy", metrics: ["accuracy", "f1", "mse"] },
      ] as const) {
        const expected = await run("float32", more as Partial<FineTuneOptions>);
        for (const dtype of ["int32", "bool"] as const)
          expect(await run(dtype, more as Partial<FineTuneOptions>), `${more.constructor} ${dtype}`).toEqual(expected);
      }
    });
  });
}
