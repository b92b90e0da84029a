import { HookedOptimizer, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { OutOfMemoryError, wasmBackend } from "../src/index.ts";
import type { WasmBackend } from "../src/simd/heap.ts";

beforeAll(async () => {
  await wasmBackend().init();
});

const heapBytes = (): number => (tf.backend() as WasmBackend).wasm.HEAPU8.byteLength;

describe("the heap", () => {
  it("does not grow and keeps no tensor over 5,000 steps of constant shapes", () => {
    const w = tf.tidy(() =>
      tf.variable(tf.randomNormal([3, 3, 3, 4], 0, 0.1, "float32", 1)),
    ) as tf.Variable<tf.Rank.R4>;
    const params = [{ variable: w, name: "conv/kernel", layer: "conv", role: "kernel", shape: w.shape, unitAxes: [3] }];
    const optimizer = new HookedOptimizer({ params, rule: sgd({ momentum: 0.9 }), learningRate: 1e-4 });
    const x = tf.randomNormal([2, 6, 6, 3], 0, 1, "float32", 2) as tf.Tensor4D;
    const step = (): void => {
      optimizer.minimize(
        () => tf.mean(tf.square(tf.maxPool(tf.relu(tf.conv2d(x, w, 1, "same")), 2, 2, "valid"))) as tf.Scalar,
      );
    };
    for (let i = 0; i < 50; i++) step();
    const before = { ...tf.memory(), heap: heapBytes() };
    for (let i = 0; i < 5000; i++) step();
    expect(tf.memory().numTensors - before.numTensors).toBe(0);
    expect(tf.memory().numDataBuffers - before.numDataBuffers).toBe(0);
    expect(heapBytes() - before.heap).toBe(0);
    optimizer.dispose();
    tf.dispose([w, x]);
  });

  it("says which op has no room, undoes the step, and goes on", () => {
    const { wasm } = tf.backend() as WasmBackend;
    const x = tf.ones([2, 8, 8, 4]) as tf.Tensor4D;
    const w = tf.tidy(() => tf.variable(tf.ones([3, 3, 4, 4]))) as tf.Variable<tf.Rank.R4>;
    const loss = (): tf.Scalar => tf.mean(tf.square(tf.conv2d(x, w, 1, "same"))) as tf.Scalar;
    const gradient = (): number => tf.tidy(() => tf.variableGrads(loss, [w]).grads[w.name]?.dataSync()[0] as number);
    const expected = gradient();
    const before = tf.memory();
    const guarded = wasm._malloc;
    // The heap "ends" at each allocation of the step in turn: malloc fails as it does at 4 GiB.
    let failures = 0;
    for (let last = 0; ; last++) {
      let left = last;
      const inner = (wasm as { _malloc: (bytes: number) => number })._malloc;
      wasm._malloc = (bytes) => {
        if (left-- > 0) return inner(bytes);
        throw new OutOfMemoryError(bytes, heapBytes());
      };
      try {
        gradient();
        wasm._malloc = guarded;
        break;
      } catch (error) {
        wasm._malloc = guarded;
        failures++;
        expect(error, String((error as Error).stack)).toBeInstanceOf(OutOfMemoryError);
        expect((error as Error).message).toMatch(/MiB.*smaller batch/s);
      }
      expect(tf.memory(), `allocation ${last}`).toMatchObject({
        numTensors: before.numTensors,
        numDataBuffers: before.numDataBuffers,
        numBytes: before.numBytes,
      });
    }
    expect(failures).toBeGreaterThan(5);
    expect(gradient()).toBe(expected);
    tf.dispose([x, w]);
  });

  it("refuses a tensor beyond 4 GiB by name instead of writing at address 0", () => {
    const before = tf.memory().numTensors;
    expect(() => tf.fill([1_073_725_000], 7)).toThrow(/Fill\(\) needs 4095\.9 MiB/);
    expect(tf.memory().numTensors).toBe(before);
    expect([...tf.tidy(() => tf.add(1, tf.ones([3])).dataSync())]).toEqual([2, 2, 2]);
  });
});
