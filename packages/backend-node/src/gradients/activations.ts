import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { Native, RunGraft } from "../kernels/native.ts";
import type { FastGradient } from "../kernels/registration.ts";

/** As in `batch-norm.ts`: x·this < 6 exactly where x ≤ 6. */
const JUST_BELOW_ONE = 1 - 2 ** -24;

/** Gradients of activations by TensorFlow's own operations: one pass where tfjs composes five. */
export function activationGradients(native: Native): Readonly<Record<string, FastGradient>> {
  const { attr, free, id, info, one, own, scalar } = native;
  const asTensor = (made: ReturnType<Native["one"]>): Tensor => tf.engine().makeTensorFromTensorInfo(info(made));
  const isFloat = (...tensors: readonly (Tensor | undefined)[]): boolean =>
    tensors.every((t) => t?.dtype === "float32");
  /** dy where x lies between the bounds; `closed`: the lower bound itself passes too. The upper one always does. */
  const between = (run: RunGraft, dy: Tensor, x: Tensor, low: number, closed: boolean, high: number): Tensor =>
    asTensor(run(5, [id(dy), id(x)], [low, Number(closed), high, 0], [x.shape])[0] as ReturnType<Native["one"]>);
  if (own) {
    return {
      Relu: {
        gradient: (dy, [x]) =>
          x && isFloat(dy, x) ? { x: () => between(own, dy, x, 0, false, Number.POSITIVE_INFINITY) } : undefined,
      },
      Relu6: {
        gradient: (dy, [x]) => (x && isFloat(dy, x) ? { x: () => between(own, dy, x, 0, false, 6) } : undefined),
      },
      ClipByValue: {
        gradient: (dy, [x], attrs) => {
          const { clipValueMin, clipValueMax } = attrs as { clipValueMin: number; clipValueMax: number };
          return x && isFloat(dy, x) ? { x: () => between(own, dy, x, clipValueMin, true, clipValueMax) } : undefined;
        },
      },
    };
  }
  return {
    Relu: {
      gradient: (dy, [x]) =>
        x && isFloat(dy, x) ? { x: () => asTensor(one("ReluGrad", attr.float, [id(dy), id(x)])) } : undefined,
    },
    Relu6: {
      gradient: (dy, [x]) =>
        x && isFloat(dy, x)
          ? {
              x: () => {
                const features = one("Mul", attr.float, [id(x), scalar(JUST_BELOW_ONE)]);
                const dx = one("Relu6Grad", attr.float, [id(dy), features.id]);
                free(features);
                return asTensor(dx);
              },
            }
          : undefined,
    },
    // Where clipping changed nothing, the gradient passes: at the bounds too, as in tfjs.
    ClipByValue: {
      outputsToSave: [true],
      gradient: (dy, [x, y]) =>
        x && y && isFloat(dy, x)
          ? {
              x: () => {
                const same = one("Equal", attr.float, [id(x), id(y)]);
                const zeros = one("ZerosLike", attr.float, [id(dy)]);
                const dx = one("Select", attr.float, [same.id, id(dy), zeros.id]);
                free(same, zeros);
                return asTensor(dx);
              },
            }
          : undefined,
    },
  };
}
