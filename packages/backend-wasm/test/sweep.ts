import * as tf from "@tensorflow/tfjs-core";
import { convGeometry, poolGeometry } from "../src/shapes/window-geometry.ts";
import { convCases } from "./conv-cases.ts";
import { convGradients, randomNumbers, relativeError, run } from "./reference.ts";

/** The worst relative error of a kernel over its cases. */
export interface SweepResult {
  readonly cases: number;
  readonly worst: number;
  readonly at: string;
}
export type SweepResults = { [kernel: string]: SweepResult };

type Shape4 = [number, number, number, number];

/**
 * Runs every `every`-th case on the current backend and compares it with float64.
 *
 * @param offset index of the first case, below `every`
 */
export function sweep(every: number, offset = 0): SweepResults {
  const results: SweepResults = {};
  const record = (kernel: string, actual: Float32Array, expected: ArrayLike<number>, at: unknown): void => {
    const error = relativeError(actual, expected);
    const known = results[kernel] ?? { cases: 0, worst: -1, at: "" };
    const worse = !(error <= known.worst);
    results[kernel] = {
      cases: known.cases + 1,
      worst: worse ? error : known.worst,
      at: worse ? JSON.stringify(at) : known.at,
    };
  };
  let index = 0;
  const taken = (): boolean => index++ % every === offset;
  const random = randomNumbers(offset + 1);
  convolutions(taken, random, record);
  pools(taken, random, record);
  products(taken, random, record);
  segments(taken, random, record);
  return results;
}

type Taken = () => boolean;
type Random = (size: number) => Float32Array;
type Recorder = (kernel: string, actual: Float32Array, expected: ArrayLike<number>, at: unknown) => void;
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Shapes larger than one block of the matrix product in each direction. */
const LARGE = [
  { depthwise: false, x: [1, 33, 41, 16], filter: [3, 3, 16, 40], strides: [1, 1], dilations: [1, 1], pad: "same" },
  { depthwise: false, x: [2, 40, 40, 8], filter: [7, 7, 8, 24], strides: [2, 2], dilations: [1, 1], pad: "same" },
  { depthwise: false, x: [1, 12, 12, 300], filter: [3, 3, 300, 530], strides: [1, 1], dilations: [1, 1], pad: "same" },
  { depthwise: false, x: [4, 5, 5, 520], filter: [1, 1, 520, 600], strides: [1, 1], dilations: [1, 1], pad: "valid" },
  { depthwise: true, x: [2, 30, 30, 36], filter: [3, 3, 36, 1], strides: [1, 1], dilations: [1, 1], pad: "same" },
] as const;

function convolutions(taken: Taken, random: Random, record: Recorder): void {
  for (const one of [...convCases(), ...LARGE]) {
    if (!taken()) continue;
    const { depthwise, x: xShape, filter: filterShape, ...attrs } = one;
    const g = convGeometry("sweep", xShape, filterShape, attrs as unknown as tf.NamedAttrMap, depthwise);
    if (g.outHeight < 1 || g.outWidth < 1) continue;
    const [x, filter, dy] = [random(sizeOf(xShape)), random(sizeOf(filterShape)), random(sizeOf(g.outShape))];
    const expected = convGradients(x, filter, dy, g, depthwise);
    const name = depthwise ? "DepthwiseConv2dNative" : "Conv2D";
    const all = { ...attrs, dataFormat: "NHWC", inputShape: xShape, filterShape };
    tf.tidy(() => {
      const tensors = {
        x: tf.tensor(x, [...xShape]),
        filter: tf.tensor(filter, [...filterShape]),
        dy: tf.tensor(dy, g.outShape),
      };
      record(name, run(name, { x: tensors.x, filter: tensors.filter }, all), expected.output, one);
      record(
        `${name}BackpropFilter`,
        run(`${name}BackpropFilter`, { x: tensors.x, dy: tensors.dy }, all),
        expected.filter,
        one,
      );
      record(
        `${name}BackpropInput`,
        run(`${name}BackpropInput`, { dy: tensors.dy, filter: tensors.filter }, all),
        expected.input,
        one,
      );
    });
  }
}

function pools(taken: Taken, random: Random, record: Recorder): void {
  const pads = [
    "same",
    "valid",
    1,
    [
      [0, 0],
      [1, 0],
      [0, 1],
      [0, 0],
    ],
  ];
  for (const [batch, height, width] of [
    [1, 7, 7],
    [2, 9, 10],
  ] as const)
    for (const channels of [1, 3, 4, 9])
      for (const filterSize of [
        [2, 2],
        [3, 3],
        [3, 2],
        [5, 4],
      ] as const)
        for (const strides of [
          [1, 1],
          [2, 2],
          [3, 2],
        ] as const)
          for (const dilations of [
            [1, 1],
            [2, 1],
            [2, 3],
          ] as const)
            for (const pad of pads)
              for (const kind of ["max", "relu", "avg"] as const) {
                if (!taken()) continue;
                const shape: Shape4 = [batch, height, width, channels];
                const attrs = {
                  filterSize,
                  strides,
                  dilations,
                  pad,
                  dimRoundingMode: Array.isArray(pad) || pad === 1 ? "floor" : undefined,
                };
                const g = poolGeometry(shape, attrs as unknown as tf.NamedAttrMap);
                if (g.outHeight < 1 || g.outWidth < 1) continue;
                const x = random(sizeOf(shape)).map((v) => (kind === "relu" ? Math.max(0, v) : v));
                const dy = random(sizeOf(g.outShape));
                const { y, dx } = poolReference(x, dy, g, kind === "avg");
                const kernel = kind === "avg" ? "AvgPool" : "MaxPool";
                const at = { shape, ...attrs, kind };
                tf.tidy(() => {
                  const input = tf.tensor(x, shape);
                  const inputs = { dy: tf.tensor(dy, g.outShape), input, output: tf.zeros(g.outShape) };
                  record(kernel, run(kernel, { x: input }, attrs), y, at);
                  record(`${kernel}Grad`, run(`${kernel}Grad`, inputs, attrs), dx, at);
                });
              }
}

/**
 * Computes a pooling and its gradient in float64. The first of several maxima gets all of dy. An average is over the pixels inside
 * the image.
 */
function poolReference(
  x: Float32Array,
  dy: Float32Array,
  g: ReturnType<typeof poolGeometry>,
  average: boolean,
): { readonly y: Float64Array; readonly dx: Float64Array } {
  const [y, dx] = [new Float64Array(dy.length), new Float64Array(x.length)];
  for (let b = 0; b < g.batchSize; b++)
    for (let oy = 0; oy < g.outHeight; oy++)
      for (let ox = 0; ox < g.outWidth; ox++)
        for (let c = 0; c < g.inChannels; c++) {
          const window: number[] = [];
          for (let i = 0; i < g.filterHeight; i++)
            for (let j = 0; j < g.filterWidth; j++) {
              const iy = oy * g.strideHeight - g.padInfo.top + i * g.dilationHeight;
              const ix = ox * g.strideWidth - g.padInfo.left + j * g.dilationWidth;
              if (iy < 0 || ix < 0 || iy >= g.inHeight || ix >= g.inWidth) continue;
              window.push(((b * g.inHeight + iy) * g.inWidth + ix) * g.inChannels + c);
            }
          const out = ((b * g.outHeight + oy) * g.outWidth + ox) * g.inChannels + c;
          const d = dy[out] as number;
          const best = Math.max(...window.map((at) => x[at] as number));
          const receivers = average ? window : window.filter((at) => x[at] === best).slice(0, 1);
          y[out] = average ? window.reduce((sum, at) => sum + (x[at] as number), 0) / window.length : best;
          for (const at of receivers) dx[at] = (dx[at] as number) + d / receivers.length;
        }
  return { y, dx };
}

function products(taken: Taken, random: Random, record: Recorder): void {
  const sizes = [
    [1, 1, 1],
    [3, 5, 7],
    [8, 16, 4],
    [17, 9, 50],
    [33, 70, 65],
    [4, 8, 300],
    [5, 530, 40],
  ] as const;
  const batches = [
    [[], []],
    [[3], [3]],
    [[2, 3], [1]],
    [[1], [4]],
    [
      [2, 1],
      [2, 3],
    ],
  ] as const;
  for (const [m, n, k] of sizes)
    for (const [batchA, batchB] of batches)
      for (const transposeA of [false, true])
        for (const transposeB of [false, true])
          for (const bias of [false, true]) {
            if (!taken()) continue;
            const shapeA = [...batchA, ...(transposeA ? [k, m] : [m, k])];
            const shapeB = [...batchB, ...(transposeB ? [n, k] : [k, n])];
            if (bias && shapeA.length !== shapeB.length) continue;
            const [a, b, c] = [random(sizeOf(shapeA)), random(sizeOf(shapeB)), random(n)];
            const batch = tf.broadcast_util.assertAndGetBroadcastShape([...batchA], [...batchB]);
            const pick = (full: number, own: readonly number[]): number => {
              let rest = full;
              let at = 0;
              let stride = 1;
              for (let axis = 1; axis <= batch.length; axis++) {
                const size = batch[batch.length - axis] as number;
                const mine = own[own.length - axis] ?? 1;
                at += (mine === 1 ? 0 : rest % size) * stride;
                stride *= mine;
                rest = Math.floor(rest / size);
              }
              return at;
            };
            const expected = new Float64Array(sizeOf(batch) * m * n);
            for (let q = 0; q < sizeOf(batch); q++) {
              const [qa, qb] = [pick(q, batchA) * m * k, pick(q, batchB) * k * n];
              for (let i = 0; i < m; i++)
                for (let j = 0; j < n; j++) {
                  let s = bias ? (c[j] as number) : 0;
                  for (let l = 0; l < k; l++)
                    s +=
                      (a[qa + (transposeA ? l * m + i : i * k + l)] as number) *
                      (b[qb + (transposeB ? j * k + l : l * n + j)] as number);
                  expected[(q * m + i) * n + j] = bias ? Math.max(0, s) : s;
                }
            }
            const kernel = bias ? "_FusedMatMul" : "BatchMatMul";
            tf.tidy(() => {
              const inputs = {
                a: tf.tensor(a, shapeA),
                b: tf.tensor(b, shapeB),
                ...(bias ? { bias: tf.tensor(c, [n]) } : {}),
              };
              const attrs = { transposeA, transposeB, activation: "relu" };
              record(kernel, run(kernel, inputs, attrs), expected, { shapeA, shapeB, transposeA, transposeB });
            });
          }
}

function segments(taken: Taken, random: Random, record: Recorder): void {
  for (const rows of [1, 5, 64])
    for (const width of [1, 3, 4, 7, 16])
      for (const numSegments of [1, 4, 50])
        for (const spread of [0, 2]) {
          if (!taken()) continue;
          const x = random(rows * width);
          // Some ids lie outside the range and are dropped.
          const ids = Int32Array.from(
            random(rows),
            (v) => Math.round((v * numSegments) / 2 + numSegments / 2) - spread,
          );
          const expected = new Float64Array(numSegments * width);
          for (let r = 0; r < rows; r++) {
            const id = ids[r] as number;
            if (id < 0 || id >= numSegments) continue;
            for (let c = 0; c < width; c++)
              expected[id * width + c] = (expected[id * width + c] as number) + (x[r * width + c] as number);
          }
          tf.tidy(() => {
            const inputs = { x: tf.tensor(x, [rows, width]), segmentIds: tf.tensor1d(ids, "int32") };
            record("UnsortedSegmentSum", run("UnsortedSegmentSum", inputs, { numSegments }), expected, {
              rows,
              width,
              numSegments,
              spread,
            });
          });
        }
}
