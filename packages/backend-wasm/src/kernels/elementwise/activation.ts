import type { NamedAttrMap } from "@tensorflow/tfjs-core";
import { input, type SimdKernel, sizeOf } from "../../heap/simd-kernel.ts";
import { eachChannel, eachNumber } from "../../threads/work-sharing.ts";

const BOUNDS: { readonly [activation: string]: readonly [number, number] } = {
  linear: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  relu: [0, Number.POSITIVE_INFINITY],
  relu6: [0, 6],
};

/** Returns whether {@link activationOf} supports the attribute `activation`. */
export const isClamp = (attrs: NamedAttrMap): boolean =>
  Object.hasOwn(BOUNDS, (attrs.activation as string | undefined) ?? "linear");

/**
 * Returns the bounds to which the attribute `activation` clamps. Absent means linear.
 *
 * @throws Error for an unknown activation
 */
export function activationOf(attrs: NamedAttrMap): { readonly low: number; readonly high: number } {
  const name = (attrs.activation as string | undefined) ?? "linear";
  const bounds = BOUNDS[name];
  if (!bounds)
    throw new Error(`Unknown activation "${name}"; the fused kernels know ${Object.keys(BOUNDS).join(", ")}.`);
  return { low: bounds[0], high: bounds[1] };
}

/**
 * Computes dz: dy if the activation's output `y` lies strictly between its bounds, NaN if `y` is NaN, else 0. With `wantSum`
 * also Σ dz over all but the last axis.
 */
export const activationGradient: SimdKernel = (call) => {
  const { heap, attrs } = call;
  const [dy, y] = [input(call, "dy"), input(call, "y")];
  const { low, high } = activationOf(attrs);
  const size = sizeOf(y.shape);
  const dz = heap.output(y.shape);
  const [py, pd, pz] = [heap.address(y), heap.address(dy), heap.address(dz)];
  if (low === 0) {
    const closedHigh = Number(high !== 6);
    heap.share("gateGradient", size, eachNumber(3), (from, to) => [
      py + 4 * from,
      pd + 4 * from,
      pz + 4 * from,
      to - from,
      low,
      high,
      0,
      closedHigh,
      1,
    ]);
  } else {
    heap.call("scaleInto", pd, pz, size, 1);
  }
  if (!attrs.wantSum) return [dz];
  const channels = y.shape.at(-1) ?? 1;
  const sum = heap.output([channels]);
  const ps = heap.address(sum);
  const source = heap.address(dz);
  heap.share("columnSums", channels, eachChannel(size / channels), (from, to) => [
    source,
    ps,
    size / channels,
    channels,
    1,
    from,
    to,
  ]);
  return [dz, sum];
};
