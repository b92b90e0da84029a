import type { KernelFunc, Tensor } from "@tensorflow/tfjs-core";
import type { Native, RunGraft } from "../native.ts";
import { checkLists } from "./check-lists.ts";
import { listArithmetic } from "./list-arithmetic.ts";
import { pendingWrites, writeTensor } from "./write-tensor.ts";

/**
 * Makes `GraftGlobalNorm` and `GraftScaleAll`, for clipping by the global norm. `GraftGlobalNorm` needs our own kernels, which sum
 * in float64. TensorFlow's `L2Loss` overflows at 1e20, and the composed path of the hook does not.
 */
export function normKernels(native: Native): Readonly<Record<string, KernelFunc>> {
  return {
    ...(native.runGraft ? { GraftGlobalNorm: globalNorm(native, native.runGraft) } : {}),
    GraftScaleAll: scaleAll(native),
  };
}

function globalNorm(native: Native, runGraft: RunGraft): KernelFunc {
  const lists = listArithmetic(native, runGraft);
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
  const { attr, id, execute } = native;
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
        writes.add(output, execute("Mul", attr.float, [id(tensors[i] as Tensor), id(factor)]));
      });
    } catch (cause) {
      writes.abandon();
      throw cause;
    }
    writes.commit();
    return [];
  };
}
