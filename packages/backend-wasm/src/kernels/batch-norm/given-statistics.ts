import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Heap } from "../../heap/heap.ts";
import { input, isFloat, type SimdKernel, sizeOf } from "../../heap/simd-kernel.ts";
import { eachChannel } from "../../threads/work-sharing.ts";
import { activationOf } from "../elementwise/activation.ts";

/** Returns whether each of `factors` has one number per channel, the last axis of x. */
function perChannel(x: TensorInfo, ...factors: readonly (TensorInfo | undefined)[]): boolean {
  const channels = x.shape.at(-1);
  return factors.every((f) => f === undefined || (f.shape.length === 1 && f.shape[0] === channels && isFloat(f)));
}

/**
 * Computes the numbers that batch norm multiplies and adds per channel: scale / √(variance + ε), and the offset or zeros. They
 * are tensors on the heap; `free` frees them.
 */
export function channelFactors(
  heap: Heap,
  variance: TensorInfo,
  scale: TensorInfo | undefined,
  offset: TensorInfo | undefined,
  epsilon: number,
): { readonly factor: TensorInfo; readonly offset: TensorInfo; free(): void } {
  const channels = sizeOf(variance.shape);
  const factor = heap.output([channels]);
  const added = offset ?? heap.output([channels]);
  const view = (tensor: TensorInfo): Float32Array => heap.floats(tensor, channels);
  const [f, v, s] = [view(factor), view(variance), scale && view(scale)];
  for (let c = 0; c < channels; c++) f[c] = (s ? (s[c] as number) : 1) / Math.sqrt((v[c] as number) + epsilon);
  if (!offset) view(added).fill(0);
  return {
    factor,
    offset: added,
    free(): void {
      heap.free(factor);
      if (!offset) heap.free(added);
    },
  };
}

/** Computes y = clamp((x − mean) · factor + offset). The work is divided by rows. */
export function normalise(
  heap: Heap,
  x: TensorInfo,
  mean: TensorInfo,
  factors: { readonly factor: TensorInfo; readonly offset: TensorInfo },
  low: number,
  high: number,
): TensorInfo {
  const channels = sizeOf(mean.shape);
  const y = heap.output(x.shape);
  const addresses = [x, mean, factors.factor, factors.offset, y].map((tensor) => heap.address(tensor));
  heap.share("affine", sizeOf(x.shape) / channels, { cost: 3 * channels }, (from, to) => [
    ...addresses,
    channels,
    low,
    high,
    from,
    to,
  ]);
  return y;
}

/** Computes batch norm with given statistics, and an activation. Factors with another shape than [channels] go to stock. */
export const batchNorm: SimdKernel = (call) => {
  const { heap, inputs, attrs } = call;
  const [x, mean, variance] = [input(call, "x"), input(call, "mean"), input(call, "variance")];
  const [scale, offset] = [inputs.scale ?? undefined, inputs.offset ?? undefined];
  if (!isFloat(x) || !perChannel(x, mean, variance, scale, offset) || sizeOf(x.shape) === 0) return undefined;
  const factors = channelFactors(heap, variance, scale, offset, attrs.varianceEpsilon as number);
  const { low, high } = activationOf(attrs);
  const y = normalise(heap, x, mean, factors, low, high);
  factors.free();
  return y;
};

/** Computes the gradients of {@link batchNorm}: those of dx, dscale, doffset that the attributes ask for. */
export const batchNormGradient: SimdKernel = (call) => {
  const { heap, inputs, attrs } = call;
  const [x, dy, mean, variance] = [input(call, "x"), input(call, "dy"), input(call, "mean"), input(call, "variance")];
  const channels = x.shape.at(-1) as number;
  const factors = channelFactors(
    heap,
    variance,
    inputs.scale ?? undefined,
    inputs.offset ?? undefined,
    attrs.varianceEpsilon as number,
  );
  const { low, high } = activationOf(attrs);
  const [dscale, doffset] = [heap.output([channels]), heap.output([channels])];
  const dx = attrs.wantX ? heap.output(x.shape) : undefined;
  const addresses = [x, dy, mean, factors.factor, factors.offset].map((tensor) => heap.address(tensor));
  const outputs = [dx ? heap.address(dx) : 0, heap.address(doffset), heap.address(dscale)];
  heap.share("frozenBatchNormGradient", channels, eachChannel((5 * sizeOf(x.shape)) / channels), (from, to) => [
    ...addresses,
    ...outputs,
    sizeOf(x.shape) / channels,
    channels,
    Number(low === 0),
    high,
    from,
    to,
  ]);
  const [slopes, variances] = [heap.floats(dscale, channels), heap.floats(variance, channels)];
  for (let c = 0; c < channels; c++) {
    slopes[c] = (slopes[c] as number) / Math.sqrt((variances[c] as number) + (attrs.varianceEpsilon as number));
  }
  factors.free();
  const wanted = [dx, attrs.wantScale ? dscale : undefined, attrs.wantOffset ? doffset : undefined];
  if (!attrs.wantScale) heap.free(dscale);
  if (!attrs.wantOffset) heap.free(doffset);
  return wanted.filter((tensor) => tensor !== undefined);
};
