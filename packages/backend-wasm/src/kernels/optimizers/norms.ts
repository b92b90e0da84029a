import type { FusedKernels } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import type { Heap } from "../../heap/heap.ts";
import { FusedAttributes } from "./attributes.ts";

/**
 * Bounds between which a float32 sum of squares has neither overflowed nor lost significant terms. The square of 1e20 does not
 * fit float32, and that of 1e-23 becomes 0.
 */
const TRUSTED = [1e-25, 1e35] as const;

/**
 * Computes ‖g + decay·w + velocityScale·v‖ in float64. If the sum of the plain pass cannot be trusted, a second pass scales by
 * the largest magnitude first. `sum`: the sum of the plain pass, if the caller has it.
 */
export function norm(
  heap: Heap,
  g: tf.TensorInfo & { readonly size: number },
  {
    w = g,
    v = g,
    decay = 0,
    velocityScale = 0,
    sum: known,
  }: { w?: tf.TensorInfo; v?: tf.TensorInfo; decay?: number; velocityScale?: number; sum?: number } = {},
): number {
  const [pg, pw, pv] = [heap.address(g), heap.address(w), heap.address(v)];
  const plain = decay === 0 && velocityScale === 0;
  const sum =
    known ??
    (plain
      ? heap.call("sumOfSquares", pg, g.size)
      : heap.call("combinedSumOfSquares", pg, pw, pv, g.size, decay, velocityScale, 1));
  if (sum >= TRUSTED[0] && sum <= TRUSTED[1]) return Math.sqrt(sum);
  const largest = heap.call("combinedLargest", pg, pw, pv, g.size, decay, velocityScale);
  if (largest === 0) return 0;
  if (!Number.isFinite(largest)) return notFinite(heap, g, { w, v, decay, velocityScale });
  // A scale of 1/largest would overflow below 1e-38.
  const scale = Math.min(1 / largest, 1e38);
  return Math.sqrt(heap.call("combinedSumOfSquares", pg, pw, pv, g.size, decay, velocityScale, scale)) / scale;
}

/**
 * Returns NaN if g + decay·w + velocityScale·v has one, else ∞. The kernels cannot decide: they multiply an unused operand by 0,
 * and 0·∞ is NaN.
 */
function notFinite(
  heap: Heap,
  g: tf.TensorInfo & { readonly size: number },
  { w, v, decay, velocityScale }: { w: tf.TensorInfo; v: tf.TensorInfo; decay: number; velocityScale: number },
): number {
  const values = (tensor: tf.TensorInfo): Float32Array => heap.floats(tensor, g.size);
  const [weights, velocities] = [values(w), values(v)];
  const nan = values(g).some((value, i) => {
    const decayed = decay === 0 ? value : value + decay * (weights[i] as number);
    return Number.isNaN(velocityScale === 0 ? decayed : decayed + velocityScale * (velocities[i] as number));
  });
  return nan ? Number.NaN : Number.POSITIVE_INFINITY;
}

/** Computes the norm of the concatenation from the norms of its parts. The squares are float64 and cannot overflow. */
export function combine(norms: readonly number[]): number {
  return Math.sqrt(norms.reduce((sum, value) => sum + value * value, 0));
}

/** Computes out ← √Σ‖t‖²; see `GraftGlobalNorm` in docs/fused-kernels.md. */
export function fusedGlobalNorm(heap: Heap, attrs: FusedKernels["GraftGlobalNorm"]): void {
  const table = new FusedAttributes("GraftGlobalNorm", heap, attrs);
  const tensors = table.tensors("tensors");
  const out = table.tensor("out", 1);
  table.check();
  table.own([out]);
  const value = combine(tensors.map((tensor) => norm(heap, tensor)));
  heap.floats(out, 1)[0] = value;
  table.forgetPacked([out]);
}

/** Computes outputs ← tensors · factor; see `GraftScaleAll` in docs/fused-kernels.md. */
export function fusedScaleAll(heap: Heap, attrs: FusedKernels["GraftScaleAll"]): void {
  const table = new FusedAttributes("GraftScaleAll", heap, attrs);
  const tensors = table.tensors("tensors");
  const outputs = table.tensors("outputs", tensors);
  const factor = table.tensor("factor", 1);
  table.check();
  table.own(outputs);
  const value = heap.floats(factor, 1)[0] as number;
  for (const [i, tensor] of tensors.entries()) {
    heap.call("scaleInto", heap.address(tensor), heap.address(outputs[i] as tf.Tensor), tensor.size, value);
  }
  table.forgetPacked(outputs);
}
