import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { batchNormTraining, conv2dBiasActivation, dropout, softmaxCrossEntropy, wasmBackend } from "../src/index.ts";
import type { WasmBackend } from "../src/stock-backend/wasm-backend.ts";
import { randomNumbers, relativeError } from "./reference.ts";

beforeAll(async () => {
  await wasmBackend().init();
});

type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

/** The reference is the same function on cpu, on which it is composed of tfjs ops. */
const CASES: readonly [string, number[][], Op][] = [
  ["batchNormTraining", [[4, 5, 3, 7], [7], [7]], (x, s, o) => batchNormTraining(x, s, o)[0]],
  ["batchNormTraining, one channel", [[9, 1], [1], [1]], (x, s, o) => batchNormTraining(x, s, o)[0]],
  [
    "batchNormTraining and relu6, many rows",
    [[300, 12], [12], [12]],
    (x, s, o) => batchNormTraining(x, s, o, { activation: "relu6", epsilon: 1e-5 })[0],
  ],
  [
    "softmaxCrossEntropy",
    [
      [6, 11],
      [6, 11],
    ],
    (t, x) => softmaxCrossEntropy(tf.softmax(t), x),
  ],
  [
    "conv2dBiasActivation, relu",
    [[2, 7, 6, 3], [3, 3, 3, 5], [5]],
    (x, w, b) =>
      conv2dBiasActivation(x as tf.Tensor4D, w as tf.Tensor4D, b as tf.Tensor1D, { activation: "relu", pad: "same" }),
  ],
  [
    "conv2dBiasActivation, linear, stride 2",
    [
      [2, 7, 6, 4],
      [3, 2, 4, 8],
    ],
    (x, w) => conv2dBiasActivation(x as tf.Tensor4D, w as tf.Tensor4D, undefined, { strides: [2, 2] }),
  ],
];

async function evaluate(backend: string, shapes: number[][], op: Op): Promise<Float32Array[]> {
  await tf.setBackend(backend);
  const random = randomNumbers(21);
  const before = tf.memory().numTensors;
  const results = tf.tidy(() => {
    const inputs = shapes.map((shape) => tf.tensor(random(tf.util.sizeFromShape(shape)), shape));
    const y = op(...inputs);
    const dy = tf.reshape(tf.tensor(randomNumbers(4)(y.size)), y.shape);
    const gradients = tf.grads((...xs: tf.Tensor[]) => tf.sum(tf.mul(op(...xs), dy)))(inputs);
    return [y, ...gradients].map((tensor) => tensor.dataSync().slice() as Float32Array);
  });
  expect(tf.memory().numTensors).toBe(before);
  return results;
}

/** Records the blocks of the wasm heap that are allocated from now on and not freed. The keys are addresses. */
function watchMalloc(): { readonly live: Map<number, number>; stop(): void } {
  const { wasm } = tf.backend() as WasmBackend;
  const { _malloc, _free } = wasm;
  const live = new Map<number, number>();
  wasm._malloc = (bytes) => {
    const address = _malloc(bytes);
    live.set(address, bytes);
    return address;
  };
  wasm._free = (address) => {
    live.delete(address);
    _free(address);
  };
  return { live, stop: () => Object.assign(wasm, { _malloc, _free }) };
}

describe("fused ops", () => {
  it.each(CASES)("%s: value and gradients as composed on cpu, and no tensor is left", async (_, shapes, op) => {
    const expected = await evaluate("cpu", shapes, op);
    const actual = await evaluate("wasm", shapes, op);
    for (const [i, reference] of expected.entries())
      expect(relativeError(actual[i] as Float32Array, reference), `output ${i}`).toBeLessThan(2e-5);
  });

  it("dropout keeps 1 − rate of the numbers, scales them, depends on the seed only, and is its own gradient", async () => {
    await tf.setBackend("wasm");
    tf.tidy(() => {
      const x = tf.ones([100_003]);
      const y = dropout(x, 0.3, 5).dataSync();
      const kept = y.filter((v) => v !== 0);
      expect(Math.abs(kept.length / y.length - 0.7)).toBeLessThan(0.01);
      expect(kept.every((v) => Math.abs(v - 1 / 0.7) < 1e-6)).toBe(true);
      expect(dropout(x, 0.3, 5).dataSync()).toEqual(y);
      expect(dropout(x, 0.3, 6).dataSync()).not.toEqual(y);
      expect(
        tf
          .grad((v) => tf.sum(dropout(v, 0.3, 5)))(x)
          .dataSync(),
      ).toEqual(y);
      expect(() => dropout(x, 1, 5)).toThrow(/rate is 1/);
    });
  });

  it.each(["cpu", "wasm"])(
    "softmaxCrossEntropy accepts targets that are created in the loss, on %s",
    async (backend) => {
      await tf.setBackend(backend);
      tf.tidy(() => {
        const dx = tf.grad((x) => tf.sum(softmaxCrossEntropy(tf.fill([1, 2], 0.5), x)))(tf.tensor2d([[0, 0]]));
        expect([...dx.dataSync()]).toEqual([0, 0]);
      });
    },
  );

  it("softmaxCrossEntropy is finite with logits of 1e4 and with an infinite logit whose target is 0", () => {
    tf.tidy(() => {
      const logits = tf.tensor2d([
        [1e4, 0, -1e4],
        [0, Number.NEGATIVE_INFINITY, 0],
      ]);
      const losses = softmaxCrossEntropy(
        tf.tensor2d([
          [0, 1, 0],
          [1, 0, 0],
        ]),
        logits,
      ).dataSync();
      expect(losses[0]).toBeCloseTo(1e4, 0);
      expect(losses[1]).toBeCloseTo(Math.LN2, 5);
    });
  });

  it("conv2dBiasActivation saves only its output for the gradient; the separate ops save three tensors", async () => {
    await tf.setBackend("wasm");
    const image = 4 * 2 * 8 * 8 * 16;
    const x = tf.ones([2, 8, 8, 4]) as tf.Tensor4D;
    const w = tf.tidy(() => tf.variable(tf.ones([3, 3, 4, 16]))) as tf.Variable<tf.Rank.R4>;
    const b = tf.tidy(() => tf.variable(tf.ones([16]))) as tf.Variable<tf.Rank.R1>;
    /** Returns the bytes of the buffers that the tape keeps after the op's scope has ended and its output is disposed. */
    const held = (op: () => tf.Tensor): number[] => {
      let buffers: number[] = [];
      const loss = (): tf.Scalar => {
        const { live, stop } = watchMalloc();
        const total = tf.tidy(() => tf.sum(op())) as tf.Scalar;
        const sum = (tf.backend() as WasmBackend).dataIdMap.get(total.dataId).memoryOffset;
        buffers = [...live].flatMap(([address, bytes]) => (address === sum ? [] : [bytes]));
        stop();
        return total;
      };
      tf.dispose(Object.values(tf.variableGrads(loss, [w, b]).grads));
      return buffers;
    };
    for (const activation of ["relu", "relu6"] as const) {
      expect(held(() => conv2dBiasActivation(x, w, b, { pad: "same", activation }))).toEqual([image]);
    }
    expect(held(() => tf.relu(tf.add(tf.conv2d(x, w, 1, "same"), b)))).toEqual([image, image, image]);
    tf.dispose([x, w, b]);
  });

  it("batchNormTraining passes the attribute of docs/fused-kernels.md to another backend's kernel", async () => {
    await tf.setBackend("cpu");
    const x = tf.ones([2, 3]);
    const calls: unknown[] = [];
    const kernelFunc: tf.KernelFunc = ({ attrs }) => {
      calls.push(attrs);
      return [x, tf.zeros([3]), tf.zeros([3])];
    };
    tf.registerKernel({ kernelName: "GraftBatchNormTraining", backendName: "cpu", kernelFunc });
    try {
      tf.tidy(() => batchNormTraining(x, tf.ones([3]), tf.zeros([3]), { epsilon: 0.25 }));
    } finally {
      tf.unregisterKernel("GraftBatchNormTraining", "cpu");
    }
    expect(calls).toEqual([{ varianceEpsilon: 0.25 }]);
  });

  /** Calls with which a kernel would read past a tensor, or interpret integers as floats. */
  const WRONG: Readonly<Record<string, readonly [() => unknown, RegExp]>> = {
    "batchNormTraining, scale too short": [
      () => batchNormTraining(tf.ones([2, 8]), tf.ones([2]), tf.zeros([8])),
      /batchNormTraining: `scale` is \[2\]/,
    ],
    "batchNormTraining, a matrix for an offset": [
      () => batchNormTraining(tf.ones([2, 8]), tf.ones([8]), tf.zeros([1, 8])),
      /`offset` is \[1,8\]/,
    ],
    "batchNormTraining, tanh": [
      () => batchNormTraining(tf.ones([2, 8]), tf.ones([8]), tf.zeros([8]), { activation: "tanh" as never }),
      /`activation` is "tanh"/,
    ],
    "softmaxCrossEntropy of a number": [() => softmaxCrossEntropy(tf.scalar(1), tf.scalar(1)), /`logits` is \[\]/],
    "dropout, int32": [() => dropout(tf.ones([3], "int32"), 0.5, 1), /dropout: `x` is \[3\] int32/],
    "dropout, no seed": [() => dropout(tf.ones([3]), 0.5, Number.NaN), /seed is NaN/],
    "conv2dBiasActivation, other channels": [
      () => conv2dBiasActivation(tf.ones([1, 4, 4, 3]), tf.ones([3, 3, 5, 2]), undefined),
      /`filter` is \[3,3,5,2\] float32, expected \[height,width,3,out\]/,
    ],
    "conv2dBiasActivation, int32": [
      () => conv2dBiasActivation(tf.ones([1, 4, 4, 8], "int32"), tf.ones([3, 3, 8, 2], "int32"), tf.ones([2], "int32")),
      /`x` is .* int32.*`filter` is .* int32.*`bias` is .* int32/,
    ],
    "conv2dBiasActivation, one image": [
      () => conv2dBiasActivation(tf.ones([4, 4, 8]) as never, tf.ones([3, 3, 8, 2]), undefined),
      /`x` is \[4,4,8\]/,
    ],
    "conv2dBiasActivation, bias too short": [
      () => conv2dBiasActivation(tf.ones([1, 4, 4, 8]), tf.ones([3, 3, 8, 2]), tf.ones([1])),
      /`bias` is \[1\] float32, expected \[2\]/,
    ],
    "conv2dBiasActivation, tanh": [
      () =>
        conv2dBiasActivation(tf.ones([1, 4, 4, 8]), tf.ones([3, 3, 8, 2]), undefined, { activation: "tanh" as never }),
      /`activation` is "tanh"/,
    ],
  };
  it.each(Object.entries(WRONG))(
    "%s: throws an error with the name, on kernels and composed",
    async (_, [run, message]) => {
      for (const backend of ["cpu", "wasm"]) {
        await tf.setBackend(backend);
        tf.tidy(() => {
          expect(run, backend).toThrow(message);
        });
      }
    },
  );
});
