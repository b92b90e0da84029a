import type { KernelFunc, Tensor } from "@tensorflow/tfjs-core";
import type { Native, RunGraft } from "../native.ts";
import { checkLists } from "./check-lists.ts";
import { listArithmetic } from "./list-arithmetic.ts";
import { pendingWrites, writeTensor } from "./write-tensor.ts";

/**
 * `GraftGlobalNorm` and `GraftScaleAll`: what clipping by global norm needs. The norm by our own kernel alone, which sums in
 * float64: TensorFlow's `L2Loss` overflows at 1e20, so that elsewhere the composed path is the better one.
 */
export function normKernels(native: Native): Readonly<Record<string, KernelFunc>> {
  return {
    ...(native.own ? { GraftGlobalNorm: globalNorm(native, native.own) } : {}),
    GraftScaleAll: scaleAll(native),
  };
}

function globalNorm(native: Native, own: RunGraft): KernelFunc {
  const lists = listArithmetic(native, own);
  return ({ attrs }) => {
    const { tensors, out } = attrs as unknown as { tensors: readonly Tensor[]; out: Tensor };
    checkLists("GraftGlobalNorm", tensors, {}, "tensors");
    checkLists("GraftGlobalNorm", [out], {}, "out");
    if (out.shape.length > 0) throw new TypeError(`GraftGlobalNorm: out[0] has shape [${out.shape}], not [].`);
    const filled = tensors.filter(({ size }) => size > 0);
    writeTensor(native, out, native.temporary(Math.hypot(...lists.norms(filled.map(native.id)))));
    return [];
  };
}

function scaleAll(native: Native): KernelFunc {
  const { attr, id, one } = native;
  return ({ attrs }) => {
    const { tensors, outputs, factor } = attrs as unknown as {
      tensors: readonly Tensor[];
      outputs: readonly Tensor[];
      factor: Tensor;
    };
    checkLists("GraftScaleAll", outputs, { tensors }, "outputs");
    checkLists("GraftScaleAll", [factor], {}, "factor");
    const writes = pendingWrites(native);
    try {
      outputs.forEach((output, i) => {
        writes.add(output, one("Mul", attr.float, [id(tensors[i] as Tensor), id(factor)]));
      });
    } catch (cause) {
      writes.abandon();
      throw cause;
    }
    writes.commit();
    return [];
  };
}
