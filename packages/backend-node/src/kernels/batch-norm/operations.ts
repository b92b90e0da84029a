import { util } from "@tensorflow/tfjs-core";
import type { NativeTensor, OpAttr } from "../../load/native-backend-types.ts";
import type { Native } from "../native.ts";

/** Sums a float32 tensor over every axis but the last. */
export function channelSums({ attr, execute }: Native, tensor: number, shape: readonly number[]): NativeTensor {
  return shape.length === 1
    ? execute("Identity", attr.float, [tensor])
    : execute("BiasAddGrad", [...attr.float, attr.text("data_format", "NHWC")], [tensor]);
}

/** Returns the attributes that TensorFlow's batch norms share. */
export function batchNormAttrs({ attr }: Native, epsilon: number, training: boolean): readonly OpAttr[] {
  return [attr.number("epsilon", epsilon), attr.text("data_format", "NHWC"), attr.bool("is_training", training)];
}

/** Returns the attributes of `Reshape` for float32 tensors. */
export function reshapeAttrs({ attr, backend }: Native): readonly OpAttr[] {
  return [...attr.float, attr.type("Tshape", backend.binding.TF_INT32)];
}

/**
 * Reshapes a tensor to [N, 1, 1, C], because TensorFlow's batch norms accept rank 4 only.
 *
 * @returns undefined if the tensor has rank 4 already.
 */
export function asRank4(native: Native, tensor: number, shape: readonly number[]): NativeTensor | undefined {
  if (shape.length === 4) return undefined;
  const channels = shape.at(-1) as number;
  return native.execute("Reshape", reshapeAttrs(native), [
    tensor,
    native.ints([util.sizeFromShape([...shape]) / channels, 1, 1, channels]),
  ]);
}

/** Makes a float32 vector that repeats one value. */
export function filled({ attr, backend, ints, execute, scalar }: Native, length: number, value: number): NativeTensor {
  return execute(
    "Fill",
    [...attr.float, attr.type("index_type", backend.binding.TF_INT32)],
    [ints([length]), scalar(value)],
  );
}
