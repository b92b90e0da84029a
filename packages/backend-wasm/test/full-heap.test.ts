import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { OutOfMemoryError, registerTrainingKernels, wasmBackend } from "../src/index.ts";
import { forgetPacked } from "../src/memory/xnnpack.ts";
import type { WasmBackend } from "../src/stock-backend/wasm-backend.ts";
import { withHole } from "./full-heap.ts";

// With the composed kernels XNNPACK computes every convolution and pool, even on engines with relaxed SIMD.
let composed: ReturnType<typeof registerTrainingKernels>;
beforeAll(async () => {
  await wasmBackend().init();
  tf.registerKernel({
    kernelName: "TestAborts",
    backendName: "wasm",
    kernelFunc: () => {
      throw new WebAssembly.RuntimeError("Aborted(). Build with -sASSERTIONS for more info.");
    },
  });
  composed = registerTrainingKernels({ kernels: "composed" });
});
afterAll(() => {
  composed.dispose();
  tf.unregisterKernel("TestAborts", "wasm");
});
afterEach(() => vi.restoreAllMocks());

const noise = (shape: number[]): tf.Tensor4D =>
  tf.randomNormal(shape as [number, number, number, number], 0, 1, "float32", 3);

/** Ops whose output fits into the hole, but not together with the further allocations of XNNPACK or tfjs's C++. */
const CASES: readonly [
  string,
  { hole: number; shapes: number[][]; op: (x: tf.Tensor4D, w: tf.Tensor4D) => tf.Tensor },
][] = [
  [
    "conv2d: the transposed and packed filter",
    {
      hole: 400_000,
      shapes: [
        [1, 1, 1, 4],
        [1, 1, 4, 65536],
      ],
      op: (x, w) => tf.conv2d(x, w, 1, "same"),
    },
  ],
  [
    "conv2d: pointers",
    {
      hole: 100_000,
      shapes: [
        [1, 40, 40, 1],
        [7, 7, 1, 1],
      ],
      op: (x, w) => tf.conv2d(x, w, 1, "same"),
    },
  ],
  [
    "depthwiseConv2d: the packed filter",
    {
      hole: 100_000,
      shapes: [
        [1, 3, 3, 4096],
        [3, 3, 4096, 1],
      ],
      op: (x, w) => tf.depthwiseConv2d(x, w, 1, "valid"),
    },
  ],
  ["avgPool: pointers", { hole: 100_000, shapes: [[1, 40, 40, 1], [1]], op: (x) => tf.avgPool(x, 7, 1, "same") }],
  [
    "resizeBilinear: pointers and weights",
    { hole: 100_000, shapes: [[1, 4, 4, 1], [1]], op: (x) => tf.image.resizeBilinear(x, [120, 120]) },
  ],
];

describe("a heap of 4 GiB that is full", () => {
  it.each(CASES)(
    "%s: an error with the op's name, and the right numbers once there is room",
    (_, { hole, shapes, op }) => {
      const warnings = vi.spyOn(console, "warn");
      const errors = vi.spyOn(console, "error");
      const [x, w] = shapes.map(noise) as [tf.Tensor4D, tf.Tensor4D];
      const run = (filter: tf.Tensor4D = w): number[] => tf.tidy(() => [...op(x, filter).dataSync()]);
      const before = tf.memory();
      withHole(hole, () => {
        expect(run).toThrow(OutOfMemoryError);
        expect(run).toThrow(new RegExp(`\\(\\w+ \\[${shapes[0]}\\].*needs .* [KM]iB`));
      });
      expect(tf.memory()).toEqual(before);
      const fresh = tf.tidy(() => run(tf.mul(w, 1) as tf.Tensor4D));
      const numbers = run();
      expect(numbers).toEqual(fresh);
      // An operator that exists already needs only room for its output.
      if (w.rank === 4) withHole(4 * numbers.length + 64, () => expect(run()).toEqual(numbers));
      expect([...warnings.mock.calls, ...errors.mock.calls].flat().join()).not.toMatch(/XNN|Aborted/);
      tf.dispose([x, w]);
    },
  );

  it("packs again after an optimizer step, and throws if the heap has no room for that", () => {
    const [x, w] = [noise([1, 3, 3, 4096]), noise([3, 3, 4096, 1])];
    const run = (): number[] => tf.tidy(() => [...tf.depthwiseConv2d(x, w, 1, "valid").dataSync()]);
    const numbers = run();
    forgetPacked(tf.backend() as WasmBackend, w);
    withHole(100_000, () => expect(run).toThrow(OutOfMemoryError));
    expect(run()).toEqual(numbers);
    tf.dispose([x, w]);
  });

  it("reports an abort of tfjs's C++ as out of memory only if the heap is full", () => {
    const x = noise([1, 30, 30, 30]);
    const run = (): unknown => tf.engine().runKernel("TestAborts", { x });
    withHole(100_000, () => expect(run).toThrow("TestAborts(x [1,30,30,30]) needs 105.5 KiB"));
    expect(run).toThrow(WebAssembly.RuntimeError);
    x.dispose();
  });

  it("keeps a tensor of another backend if the heap has no room for it", async () => {
    await tf.setBackend("cpu");
    const x = tf.range(0, 100_000);
    await tf.setBackend("wasm");
    withHole(100_000, () => expect(() => tf.neg(x)).toThrow(OutOfMemoryError));
    expect(x.dataSync()).toEqual(Float32Array.from({ length: 100_000 }, (_, i) => i));
    x.dispose();
  });
});
