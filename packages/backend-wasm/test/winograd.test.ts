import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { heapOf } from "../src/heap/heap.ts";
import { OutOfMemoryError } from "../src/index.ts";
import * as winograd from "../src/kernels/conv/winograd.ts";
import { convGeometry, type Geometry } from "../src/shapes/window-geometry.ts";
import type { WasmBackend } from "../src/stock-backend/wasm-backend.ts";
import { type LimitedHeap, openLimitedHeap } from "./limited-heap.ts";
import { convGradients, randomNumbers, relativeError, run } from "./reference.ts";
import { type Numbers, type Operands, operandsOf, runWinograd } from "./run-winograd.ts";

// The real module, but a test may force the direct kernels.
vi.mock("../src/kernels/conv/winograd.ts", async (original) => {
  const actual = await original<typeof winograd>();
  return { ...actual, winogradPays: vi.fn(actual.winogradPays) };
});

type Shape4 = [number, number, number, number];

let limited: LimitedHeap;
beforeAll(async () => {
  limited = await openLimitedHeap();
});

const attrsOf = (x: Shape4, filter: Shape4, pad: unknown): tf.NamedAttrMap =>
  ({ strides: [1, 1], dilations: [1, 1], pad, dataFormat: "NHWC", inputShape: x, filterShape: filter }) as never;
const geometry = (x: Shape4, filter: Shape4, pad: unknown): Geometry =>
  convGeometry("test", x, filter, attrsOf(x, filter, pad), false);

/** Runs the same convolutions by the registered kernels. */
function byKernels(x: Shape4, filter: Shape4, pad: unknown, operands: Operands): { input: Numbers; filter: Numbers } {
  const g = geometry(x, filter, pad);
  return tf.tidy(() => {
    const dy = tf.tensor(operands.dy, g.outShape);
    const attrs = attrsOf(x, filter, pad) as never;
    return {
      input: run("Conv2DBackpropInput", { dy, filter: tf.tensor(operands.filter, filter) }, attrs),
      filter: run("Conv2DBackpropFilter", { x: tf.tensor(operands.x, x), dy }, attrs),
    };
  });
}

const PADS: readonly (readonly [string, unknown])[] = [
  ["same", "same"],
  ["valid", "valid"],
  ["1", 1],
  [
    "uneven",
    [
      [0, 0],
      [2, 1],
      [0, 3],
      [0, 0],
    ],
  ],
  [
    "wider than the filter",
    [
      [0, 0],
      [3, 2],
      [4, 1],
      [0, 0],
    ],
  ],
];

describe("convolutions by Winograd's method", () => {
  it.each(PADS)("agree with float64 within 1e-5 at any size, with padding %s", (_, pad) => {
    let cases = 0;
    for (const [height, width] of [
      [1, 1],
      [1, 6],
      [2, 2],
      [3, 4],
      [4, 7],
      [5, 5],
      [6, 9],
      [8, 8],
      [9, 3],
    ] as const)
      for (const [ins, outs] of [
        [4, 4],
        [8, 12],
        [12, 8],
        [20, 32],
        [36, 28],
      ] as const) {
        const g = geometry([1 + (cases % 3), height, width, ins], [3, 3, ins, outs], pad);
        if (g.outHeight < 1 || g.outWidth < 1) continue;
        cases++;
        const operands = operandsOf(g, cases);
        const expected = convGradients(operands.x, operands.filter, operands.dy, g, false);
        for (const [name, numbers] of Object.entries(runWinograd(g, operands)))
          expect(
            relativeError(numbers as Numbers, expected[name as keyof typeof expected]),
            `${name} of ${[g.inShape, g.filterShape].join(" by ")}`,
          ).toBeLessThanOrEqual(1e-5);
      }
    expect(cases).toBeGreaterThan(20);
  });

  // More than one block of tiles, more than one block of columns, and the most channels that are supported.
  it.each([
    [[2, 33, 41, 16], 40],
    [[1, 12, 11, 132], 140],
    [[1, 5, 6, 256], 12],
    [[1, 3, 4, 512], 8],
    [[1, 3, 4, 8], 512],
  ] as const)("agree with float64 for %j to %i channels", (x, outs) => {
    const g = geometry([...x], [3, 3, x[3], outs], "same");
    const operands = operandsOf(g);
    const expected = convGradients(operands.x, operands.filter, operands.dy, g, false);
    for (const [name, numbers] of Object.entries(runWinograd(g, operands)))
      expect(relativeError(numbers as Numbers, expected[name as keyof typeof expected]), name).toBeLessThanOrEqual(
        1e-5,
      );
  });

  it.each([1e-20, 1e18])("keep the accuracy at numbers around %d", (scale) => {
    const g = geometry([2, 7, 8, 12], [3, 3, 12, 8], "same");
    const { x, filter, dy } = operandsOf(g);
    const operands = { x: x.map((v) => v * scale), filter: filter.map((v) => v * scale), dy };
    const expected = convGradients(operands.x, operands.filter, dy, g, false);
    const { input, filter: dw } = runWinograd(g, operands);
    expect(relativeError(input as Numbers, expected.input)).toBeLessThanOrEqual(1e-5);
    expect(relativeError(dw as Numbers, expected.filter)).toBeLessThanOrEqual(1e-5);
  });

  it("add a bias and clamp", () => {
    const g = geometry([2, 5, 7, 8], [3, 3, 8, 12], "same");
    const operands = operandsOf(g);
    const bias = randomNumbers(9)(12);
    const { output } = convGradients(operands.x, operands.filter, operands.dy, g, false);
    const expected = output.map((v, i) => Math.min(6, Math.max(0, v + (bias[i % 12] as number))));
    expect(expected.some((v) => v === 0) && expected.some((v) => v === 6)).toBe(true);
    expect(relativeError(runWinograd(g, operands, bias).output as Numbers, expected)).toBeLessThanOrEqual(1e-5);
  });
});

describe("results that are not finite", () => {
  const [x, filter]: [Shape4, Shape4] = [
    [3, 9, 11, 16],
    [3, 3, 16, 24],
  ];
  const g = geometry(x, filter, "same");
  beforeEach(() => vi.restoreAllMocks());

  it.each([
    ["a NaN", Number.NaN],
    ["an infinity", Number.POSITIVE_INFINITY],
    ["a number near the largest", 3e38],
  ])("%s changes only the numbers that depend on it", (_, value) => {
    expect([winograd.winogradPays("input", g), winograd.winogradPays("filter", g)]).toEqual([true, true]);
    const share = vi.spyOn(heapOf(tf.backend()), "share");
    // Each pair has two numbers that a transform adds: neighbours in a row, or taps that are a row away from the middle.
    for (const [name, ...places] of [
      ["x", 213, 229],
      ["dy", 3, 27],
      ["dy", 1000, 1024],
      ["filter", 500, 2804],
    ] as const) {
      const operands = operandsOf(g);
      // The other numbers are small, so that only the sums of the two large ones overflow.
      for (const tensor of [operands.x, operands.filter, operands.dy]) tensor.set(tensor.map((v) => v / 100));
      for (const place of places) operands[name][place] = value;
      const actual = byKernels(x, filter, "same", operands);
      vi.mocked(winograd.winogradPays).mockReturnValueOnce(false).mockReturnValueOnce(false);
      const direct = byKernels(x, filter, "same", operands);
      for (const kind of ["input", "filter"] as const) expectSameKind(actual[kind], direct[kind]);
    }
    // Four each by Winograd's method, and directly: those that were forced and those that were not finite.
    const calls = (kernel: string): number => share.mock.calls.filter(([name]) => name === kernel).length;
    expect([calls("winogradConv"), calls("winogradFilterGradient")]).toEqual([4, 4]);
    expect([calls("convInputGradient"), calls("convFilterGradient")]).toEqual([7, 7]);
  });

  it("the kernel reports it before a clamp hides it", () => {
    for (const name of ["x", "filter"] as const)
      for (const value of [Number.NEGATIVE_INFINITY, Number.NaN, 3e38]) {
        const operands = operandsOf(g);
        operands[name].fill(value, 500, 520);
        expect(runWinograd(g, operands, new Float32Array(24)).output, `${value} in ${name}`).toBeUndefined();
      }
  });

  it("finite results are not computed twice", () => {
    const share = vi.spyOn(heapOf(tf.backend()), "share");
    byKernels(x, filter, "same", operandsOf(g));
    expect(share.mock.calls.map(([kernel]) => kernel)).toEqual([
      "winogradFilter",
      "winogradConv",
      "winogradFilterGradient",
      "winogradFilterSums",
    ]);
  });

  /** Expects the same NaN and infinities, and other numbers within 1e-5 of the largest finite one. */
  function expectSameKind(actual: Numbers, expected: Numbers): void {
    const largest = Array.from(expected, Math.abs).reduce((a, b) => (Number.isFinite(b) ? Math.max(a, b) : a), 0);
    const different = Array.from(expected).findIndex((v, i) => {
      const a = actual[i] as number;
      return Number.isFinite(v) ? !(Math.abs(a - v) <= 1e-5 * largest) : !Object.is(a, v);
    });
    expect(different, `${actual[different]} for ${expected[different]}`).toBe(-1);
  }
});

describe("the choice", () => {
  const pays = (pass: winograd.ConvPass, x: Shape4, outs: number, attrs: object = {}): boolean => {
    const filter: Shape4 = [3, 3, x[3], outs];
    const all = { ...attrsOf(x, filter, "same"), ...attrs } as unknown as tf.NamedAttrMap;
    return winograd.winogradPays(pass, convGeometry("test", x, filter, all, false));
  };

  it("is Winograd's method for the layers of a residual net, and direct for other windows, few tiles, few or odd channels", () => {
    for (const pass of ["input", "filter"] as const) {
      for (const [size, channels] of [
        [32, 16],
        [16, 32],
        [8, 64],
        [4, 128],
      ] as const)
        expect(pays(pass, [8, size, size, channels], channels), `${size}`).toBe(true);
      expect(pays(pass, [8, 16, 16, 32], 32, { strides: [2, 2] })).toBe(false);
      expect(pays(pass, [8, 16, 16, 32], 32, { dilations: [2, 2] })).toBe(false);
      expect(pays(pass, [8, 16, 16, 33], 32)).toBe(false);
      expect(pays(pass, [8, 16, 16, 3], 32)).toBe(false);
      expect(pays(pass, [1, 2, 2, 512], 512)).toBe(false);
      expect(pays(pass, [8, 16, 16, 1024], 1024)).toBe(false);
    }
  });

  it("does not depend on the batch in the forward pass, because an image's numbers must not", () => {
    for (const size of [2, 4, 7, 8, 16])
      for (const channels of [8, 16, 64, 256])
        expect(pays("forward", [64, size, size, channels], channels)).toBe(
          pays("forward", [1, size, size, channels], channels),
        );
  });
});

describe("memory", () => {
  const [x, filter]: [Shape4, Shape4] = [
    [2, 8, 8, 16],
    [3, 3, 16, 16],
  ];

  it("is freed, and throws before anything is written if the heap is full", () => {
    const operands = operandsOf(geometry(x, filter, "same"));
    const expected = byKernels(x, filter, "same", operands);
    const before = tf.memory();
    const { wasm } = tf.backend() as WasmBackend;
    const live = new Set<number>();
    const [malloc, free] = [wasm._malloc, wasm._free];
    wasm._malloc = (bytes) => {
      const address = malloc(bytes);
      live.add(address);
      return address;
    };
    wasm._free = (address) => {
      live.delete(address);
      free(address);
    };
    try {
      byKernels(x, filter, "same", operands);
    } finally {
      wasm._malloc = malloc;
      wasm._free = free;
    }
    expect([...live]).toEqual([]);
    // The allocations: dy, then twice another operand, the result and the room.
    for (let granted = 0; granted < 7; granted++)
      limited.during(granted, () => expect(() => byKernels(x, filter, "same", operands)).toThrow(OutOfMemoryError));
    limited.during(7, () => expect(byKernels(x, filter, "same", operands)).toEqual(expected));
    expect(tf.memory()).toEqual(before);
    expect(byKernels(x, filter, "same", operands)).toEqual(expected);
  });
});
