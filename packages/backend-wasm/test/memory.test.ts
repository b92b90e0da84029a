import { HookedOptimizer, runFused, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { OutOfMemoryError } from "../src/index.ts";
import type { WasmBackend } from "../src/stock-backend/wasm-backend.ts";
import { freeBytes, withHole } from "./full-heap.ts";
import { type LimitedHeap, openLimitedHeap } from "./limited-heap.ts";

let heap: LimitedHeap;
beforeAll(async () => {
  heap = await openLimitedHeap();
});

const heapBytes = (): number => (tf.backend() as WasmBackend).wasm.HEAPU8.byteLength;

describe("the heap", () => {
  it("does not grow and keeps no tensor in 5,000 steps with constant shapes", () => {
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
    // The heap is full. A leak would first fill the room of an empty heap without being noticed.
    withHole(64 * 1024, () => {
      step();
      const before = { ...tf.memory(), heap: heapBytes(), free: freeBytes() };
      for (let i = 0; i < 5000; i++) step();
      expect(tf.memory().numTensors - before.numTensors).toBe(0);
      expect(tf.memory().numDataBuffers - before.numDataBuffers).toBe(0);
      expect(heapBytes() - before.heap).toBe(0);
      expect(freeBytes() - before.free).toBe(0);
    });
    optimizer.dispose();
    tf.dispose([w, x]);
  });

  it("names the op without room, undoes the step, and continues", () => {
    const x = tf.ones([2, 8, 8, 4]) as tf.Tensor4D;
    const w = tf.tidy(() => tf.variable(tf.ones([3, 3, 4, 4]))) as tf.Variable<tf.Rank.R4>;
    const loss = (): tf.Scalar => tf.mean(tf.square(tf.conv2d(x, w, 1, "same"))) as tf.Scalar;
    const gradient = (): number => tf.tidy(() => tf.variableGrads(loss, [w]).grads[w.name]?.dataSync()[0] as number);
    const expected = gradient();
    const before = tf.memory();
    // Each allocation of the step fails once.
    let failures = 0;
    for (let granted = 0; ; granted++) {
      let error: unknown;
      const refused = heap.during(granted, () => {
        try {
          gradient();
        } catch (thrown) {
          error = thrown;
        }
      });
      if (!refused) break;
      failures++;
      expect(error, String((error as Error).stack)).toBeInstanceOf(OutOfMemoryError);
      expect((error as Error).message).toMatch(/MiB.*smaller batch/s);
      expect(tf.memory(), `allocation ${granted}`).toMatchObject({
        numTensors: before.numTensors,
        numDataBuffers: before.numDataBuffers,
        numBytes: before.numBytes,
      });
    }
    expect(failures).toBeGreaterThan(5);
    expect(gradient()).toBe(expected);
    tf.dispose([x, w]);
  });

  it("names the sizes of an op whose tensors are attributes", () => {
    const [w, v] = [tf.ones([5]), tf.ones([3, 4])];
    const owners = [tf.clone(w), tf.clone(v)];
    const attrs = { variables: [w, v], grads: [w, v], learningRates: [1, 1], first: [true, true] };
    heap.during(0, () =>
      expect(() => runFused("GraftSgd", { ...attrs, velocities: [], momentum: 0, dampening: 0 } as never)).toThrow(
        "GraftSgd(variables 17 numbers in 2 tensors, grads 17 numbers in 2 tensors) needs",
      ),
    );
    tf.dispose([w, v, ...owners]);
  });

  it("throws for a tensor beyond 4 GiB instead of writing at address 0", () => {
    const before = tf.memory().numTensors;
    expect(() => tf.fill([1_073_725_000], 7)).toThrow("Fill(shape [1073725000]) needs 4095.9 MiB");
    expect(tf.memory().numTensors).toBe(before);
    expect([...tf.tidy(() => tf.add(1, tf.ones([3])).dataSync())]).toEqual([2, 2, 2]);
  });
});
