import type { KernelFunc, Tensor } from "@tensorflow/tfjs-core";
import type { NativeTensor } from "../../load/native-backend-types.ts";
import type { Native } from "../native.ts";
import { checkLists } from "./check.ts";
import { pendingWrites } from "./write.ts";

/** `GraftGlobalNorm` and `GraftScaleAll`: what clipping by global norm needs, one operation a tensor. */
export function normKernels(native: Native): Readonly<Record<string, KernelFunc>> {
  const { attr, free, id, one, scalar } = native;
  return {
    GraftGlobalNorm: ({ attrs }) => {
      const { tensors, out } = attrs as unknown as { tensors: readonly Tensor[]; out: Tensor };
      const halves = tensors.map((tensor) => one("L2Loss", attr.float, [id(tensor)]));
      const sum =
        halves.length === 1
          ? undefined
          : one(
              "AddN",
              [{ name: "N", type: native.backend.binding.TF_ATTR_INT, value: halves.length }, ...attr.float],
              halves.map((half) => half.id),
            );
      const whole = one("Mul", attr.float, [(sum ?? (halves[0] as NativeTensor)).id, scalar(2)]);
      const norm = one("Sqrt", attr.float, [whole.id]);
      free(...halves, sum, whole);
      const writes = pendingWrites(native);
      writes.add(out, norm);
      writes.commit();
      return [];
    },
    GraftScaleAll: ({ attrs }) => {
      const { tensors, outputs, factor } = attrs as unknown as {
        tensors: readonly Tensor[];
        outputs: readonly Tensor[];
        factor: Tensor;
      };
      checkLists("GraftScaleAll", outputs, { tensors });
      const writes = pendingWrites(native);
      outputs.forEach((output, i) => {
        writes.add(output, one("Mul", attr.float, [id(tensors[i] as Tensor), id(factor)]));
      });
      writes.commit();
      return [];
    },
  };
}
