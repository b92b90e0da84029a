import type { FusedKernels } from "@graftjs/core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { GraftNative, Native } from "../native.ts";
import { checkLists } from "./check-lists.ts";
import { listArithmetic } from "./list-arithmetic.ts";
import { pendingWrites, writeTensor } from "./write-tensor.ts";

/**
 * Runs `GraftGlobalNorm`, which sums in float64. It needs our own kernels: TensorFlow's `L2Loss` overflows at 1e20, and the composed
 * path of the hook does not.
 */
export function globalNormKernel(native: GraftNative, { tensors, out }: FusedKernels["GraftGlobalNorm"]): void {
  checkLists("GraftGlobalNorm", tensors, {}, "tensors");
  checkLists("GraftGlobalNorm", [out], {}, "out");
  if (out.shape.length > 0) throw new TypeError(`GraftGlobalNorm: out[0] has shape [${out.shape}], not [].`);
  const filled = tensors.filter(({ size }) => size > 0);
  const norms = listArithmetic(native, native.runGraft).norms(filled.map(native.id));
  writeTensor(native, out, native.temporary(Math.hypot(...norms)));
}

/** Runs `GraftScaleAll`. */
export function scaleAllKernel(native: Native, { tensors, outputs, factor }: FusedKernels["GraftScaleAll"]): void {
  const { attr, id, execute } = native;
  checkLists("GraftScaleAll", outputs, { tensors }, "outputs");
  checkLists("GraftScaleAll", [factor], {}, "factor");
  const writes = pendingWrites(native);
  try {
    outputs.forEach((output, i) => {
      writes.add(output, execute("Mul", attr.float, [id(tensors[i] as Tensor), id(factor)]));
    });
  } catch (cause) {
    writes.abandon();
    throw cause;
  }
  writes.commit();
}
