import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { Native, RunGraft } from "../kernels/native.ts";
import type { FastGradient } from "./replace-gradients.ts";

/** The largest float32 below 1. x times this is below 6 exactly if x ≤ 6. */
const JUST_BELOW_ONE = 1 - 2 ** -24;

/** Makes gradients of activations from single operations. tfjs composes five. */
export function activationGradients(native: Native): Readonly<Record<string, FastGradient>> {
  const { attr, free, id, info, execute, runGraft, scalar } = native;
  const asTensor = (made: ReturnType<Native["execute"]>): Tensor => tf.engine().makeTensorFromTensorInfo(info(made));
  const isFloat = (...tensors: readonly (Tensor | undefined)[]): boolean =>
    tensors.every((t) => t?.dtype === "float32");
  /** Computes dy at elements with low < x ≤ high, and 0 elsewhere. With `closed`, x = low counts as inside. */
  const between = (run: RunGraft, dy: Tensor, x: Tensor, low: number, closed: boolean, high: number): Tensor =>
    asTensor(
      run("gradientBetween", [id(dy), id(x)], [low, Number(closed), high, 0], [x.shape])[0] as ReturnType<
        Native["execute"]
      >,
    );
  if (runGraft) {
    return {
      Relu: {
        gradient: (dy, [x]) =>
          x && isFloat(dy, x) ? { x: () => between(runGraft, dy, x, 0, false, Number.POSITIVE_INFINITY) } : undefined,
      },
      Relu6: {
        gradient: (dy, [x]) => (x && isFloat(dy, x) ? { x: () => between(runGraft, dy, x, 0, false, 6) } : undefined),
      },
      ClipByValue: {
        gradient: (dy, [x], attrs) => {
          const { clipValueMin, clipValueMax } = attrs as { clipValueMin: number; clipValueMax: number };
          return x && isFloat(dy, x)
            ? { x: () => between(runGraft, dy, x, clipValueMin, true, clipValueMax) }
            : undefined;
        },
      },
    };
  }
  return {
    Relu: {
      gradient: (dy, [x]) =>
        x && isFloat(dy, x) ? { x: () => asTensor(execute("ReluGrad", attr.float, [id(dy), id(x)])) } : undefined,
    },
    Relu6: {
      gradient: (dy, [x]) =>
        x && isFloat(dy, x)
          ? {
              x: () => {
                const features = execute("Mul", attr.float, [id(x), scalar(JUST_BELOW_ONE)]);
                const dx = execute("Relu6Grad", attr.float, [id(dy), features.id]);
                free(features);
                return asTensor(dx);
              },
            }
          : undefined,
    },
    // Pass the gradient if clipping changed nothing, which includes the bounds as in tfjs.
    ClipByValue: {
      outputsToSave: [true],
      gradient: (dy, [x, y]) =>
        x && y && isFloat(dy, x)
          ? {
              x: () => {
                const same = execute("Equal", attr.float, [id(x), id(y)]);
                const zeros = execute("ZerosLike", attr.float, [id(dy)]);
                const dx = execute("Select", attr.float, [same.id, id(dy), zeros.id]);
                free(same, zeros);
                return asTensor(dx);
              },
            }
          : undefined,
    },
  };
}
