import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Heap } from "../simd/heap.ts";
import { input, isFloat, type SimdKernel, sizeOf } from "../simd/kernel.ts";

/** Whether `factors` has one number for each channel, the last axis of x. */
function perChannel(x: TensorInfo, ...factors: readonly (TensorInfo | undefined)[]): boolean {
  const channels = x.shape.at(-1);
  return factors.every((f) => f === undefined || (f.shape.length === 1 && f.shape[0] === channels && isFloat(f)));
}

/** y = clamp(x · a + b) per channel. */
function affine(
  heap: Heap,
  x: TensorInfo,
  a: TensorInfo,
  b: TensorInfo,
  y: TensorInfo,
  low = -Infinity,
  high = Infinity,
): void {
  const channels = sizeOf(a.shape);
  const [px, pa, pb, py] = [heap.address(x), heap.address(a), heap.address(b), heap.address(y)];
  heap.share("affine", sizeOf(x.shape) / channels, (from, to) => [px, pa, pb, py, channels, low, high, from, to]);
}

/** a = scale / √(variance + ε) and b = offset − mean · a, in float64. */
function factors(
  heap: Heap,
  mean: TensorInfo,
  variance: TensorInfo,
  scale: TensorInfo | undefined,
  offset: TensorInfo | undefined,
  epsilon: number,
): [TensorInfo, TensorInfo] {
  const channels = sizeOf(mean.shape);
  const [a, b] = [heap.output([channels]), heap.output([channels])];
  const view = (tensor: TensorInfo): Float32Array => heap.floats(tensor, channels);
  const [av, bv, mv, vv] = [view(a), view(b), view(mean), view(variance)];
  const [sv, ov] = [scale && view(scale), offset && view(offset)];
  for (let c = 0; c < channels; c++) {
    const factor = (sv ? (sv[c] as number) : 1) / Math.sqrt((vv[c] as number) + epsilon);
    av[c] = factor;
    bv[c] = (ov ? (ov[c] as number) : 0) - (mv[c] as number) * factor;
  }
  return [a, b];
}

/** Batch norm with given statistics. Factors of another shape than [channels] go to stock. */
export const batchNorm: SimdKernel = (call) => {
  const { heap, inputs, attrs } = call;
  const [x, mean, variance] = [input(call, "x"), input(call, "mean"), input(call, "variance")];
  const [scale, offset] = [inputs.scale ?? undefined, inputs.offset ?? undefined];
  if (!isFloat(x) || !perChannel(x, mean, variance, scale, offset) || sizeOf(x.shape) === 0) return undefined;
  const y = heap.output(x.shape);
  const [a, b] = factors(heap, mean, variance, scale, offset, attrs.varianceEpsilon as number);
  affine(heap, x, a, b, y);
  heap.free(a);
  heap.free(b);
  return y;
};

/**
 * Batch norm with the statistics of the batch. Outputs y, mean, (biased) variance.
 *
 * Attributes: `epsilon`; `low` and `high` clamp y, so that a relu or relu6 that follows costs nothing.
 */
export const batchNormTraining: SimdKernel = (call) => {
  const { heap, inputs, attrs } = call;
  const x = input(call, "x");
  const channels = x.shape.at(-1) as number;
  const rows = sizeOf(x.shape) / channels;
  const [mean, variance, y] = [heap.output([channels]), heap.output([channels]), heap.output(x.shape)];
  const [px, pm, pv] = [heap.address(x), heap.address(mean), heap.address(variance)];
  heap.share("channelMoments", channels, (from, to) => [px, pm, pv, rows, channels, from, to]);
  const [a, b] = factors(heap, mean, variance, inputs.scale, inputs.offset, attrs.epsilon as number);
  affine(heap, x, a, b, y, attrs.low as number | undefined, attrs.high as number | undefined);
  heap.free(a);
  heap.free(b);
  return [y, mean, variance];
};

/**
 * Gradients of batch norm. Outputs dx, dscale, doffset; with `frozen`, for given statistics, else through them.
 *
 * dx = dy·a + x·b + d per channel, with x̂ = (x − μ)·r, r = 1/√(σ² + ε), n rows, s₁ = Σdy, s₂ = Σ dy·(x − μ):
 * a = γr, b = −γ r³ s₂/n, d = −a s₁/n − b μ; frozen: b = d = 0 (Ioffe & Szegedy 2015, section 3).
 */
export const batchNormGradient: SimdKernel = (call) => {
  const { heap, inputs, attrs } = call;
  const [x, dy, mean, variance] = [input(call, "x"), input(call, "dy"), input(call, "mean"), input(call, "variance")];
  const channels = x.shape.at(-1) as number;
  const rows = sizeOf(x.shape) / channels;
  const [dscale, doffset, dx] = [heap.output([channels]), heap.output([channels]), heap.output(x.shape)];
  const [a, b, d] = [heap.output([channels]), heap.output([channels]), heap.output([channels])];
  const [px, pdy, pm, ps1, ps2] = [x, dy, mean, doffset, dscale].map((t) => heap.address(t)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  heap.share("channelGradientSums", channels, (from, to) => [px, pdy, pm, ps1, ps2, rows, channels, from, to]);
  const view = (tensor: TensorInfo): Float32Array => heap.floats(tensor, channels);
  const [av, bv, dv, mv, vv, s1, s2] = [a, b, d, mean, variance, doffset, dscale].map(view) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const sv = inputs.scale && view(inputs.scale);
  for (let c = 0; c < channels; c++) {
    const r = 1 / Math.sqrt((vv[c] as number) + (attrs.epsilon as number));
    const gamma = sv ? (sv[c] as number) : 1;
    const through = attrs.frozen ? 0 : 1;
    const factor = gamma * r;
    const slope = (-through * gamma * r * r * r * (s2[c] as number)) / rows;
    av[c] = factor;
    bv[c] = slope;
    dv[c] = (-through * factor * (s1[c] as number)) / rows - slope * (mv[c] as number);
    s2[c] = (s2[c] as number) * r;
  }
  if (attrs.frozen) {
    dv.fill(0);
    affine(heap, dy, a, d, dx);
  } else {
    const [pa, pb, pd, pdx] = [heap.address(a), heap.address(b), heap.address(d), heap.address(dx)];
    heap.share("batchNormInputGradient", rows, (from, to) => [px, pdy, pa, pb, pd, pdx, channels, from, to]);
  }
  for (const tensor of [a, b, d]) heap.free(tensor);
  return [dx, dscale, doffset];
};
