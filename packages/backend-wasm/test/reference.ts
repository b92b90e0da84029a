import * as tf from "@tensorflow/tfjs-core";
import type { Geometry } from "../src/shapes/window-geometry.ts";

/** Returns deterministic normal numbers (LCG and Box–Muller), so that the sweep can repeat a case. */
export function randomNumbers(seed: number): (size: number) => Float32Array {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 4294967296;
  };
  return (size) =>
    Float32Array.from({ length: size }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
}

/** Computes max |a − b| / max |b|. It is infinite if only one of two numbers is NaN. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i] as number;
    const b = expected[i] as number;
    if (Number.isNaN(a) !== Number.isNaN(b)) return Number.POSITIVE_INFINITY;
    if (Number.isNaN(a) || a === b) continue;
    worst = Math.max(worst, Math.abs(a - b));
    scale = Math.max(scale, Math.abs(b));
  }
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i] as number) || 0);
  return scale === 0 ? worst : worst / scale;
}

/** Computes both gradients of a convolution in float64 by the definition. */
export function convGradients(
  x: ArrayLike<number>,
  filter: ArrayLike<number>,
  dy: ArrayLike<number>,
  g: Geometry,
  depthwise: boolean,
): { input: Float64Array; filter: Float64Array; output: Float64Array } {
  const C = g.inChannels;
  const O = g.outChannels;
  const m = O / C;
  const dx = new Float64Array(x.length);
  const df = new Float64Array(filter.length);
  const y = new Float64Array(dy.length);
  for (let b = 0; b < g.batchSize; b++)
    for (let oy = 0; oy < g.outHeight; oy++)
      for (let ox = 0; ox < g.outWidth; ox++)
        for (let i = 0; i < g.filterHeight; i++) {
          const iy = oy * g.strideHeight - g.padInfo.top + i * g.dilationHeight;
          if (iy < 0 || iy >= g.inHeight) continue;
          for (let j = 0; j < g.filterWidth; j++) {
            const ix = ox * g.strideWidth - g.padInfo.left + j * g.dilationWidth;
            if (ix < 0 || ix >= g.inWidth) continue;
            const xAt = ((b * g.inHeight + iy) * g.inWidth + ix) * C;
            const yAt = ((b * g.outHeight + oy) * g.outWidth + ox) * O;
            const tap = i * g.filterWidth + j;
            for (let o = 0; o < O; o++) {
              const d = dy[yAt + o] as number;
              const from = depthwise ? Math.floor(o / m) : 0;
              const until = depthwise ? from + 1 : C;
              for (let c = from; c < until; c++) {
                const fAt = depthwise ? tap * O + o : (tap * C + c) * O + o;
                df[fAt] = (df[fAt] as number) + (x[xAt + c] as number) * d;
                dx[xAt + c] = (dx[xAt + c] as number) + (filter[fAt] as number) * d;
                y[yAt + o] = (y[yAt + o] as number) + (x[xAt + c] as number) * (filter[fAt] as number);
              }
            }
          }
        }
  return { input: dx, filter: df, output: y };
}

/** Runs a kernel like tfjs does. Returns its numbers and frees all tensors. */
export function run(
  kernel: string | tf.KernelFunc,
  inputs: { readonly [name: string]: tf.Tensor },
  attrs: { readonly [name: string]: unknown },
): Float32Array {
  return tf.tidy(() => {
    const engine = tf.engine();
    const named = attrs as unknown as tf.NamedAttrMap;
    const info =
      typeof kernel === "string"
        ? (engine.runKernel(kernel, inputs as unknown as tf.NamedTensorMap, named) as tf.Tensor)
        : (kernel({
            inputs: inputs as unknown as tf.NamedTensorInfoMap,
            attrs: named,
            backend: tf.backend(),
          }) as tf.TensorInfo);
    const result = info instanceof tf.Tensor ? info : engine.makeTensorFromTensorInfo(info);
    return result.dataSync().slice() as Float32Array;
  });
}
