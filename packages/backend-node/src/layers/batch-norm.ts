import { type CallableLayer, type LayerCall, onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { BATCH_NORM_TRAINING } from "../kernels/batch-norm/training.ts";
import { type Native, nativeOf } from "../kernels/native.ts";
import { TENSORFLOW } from "../load/backend-name.ts";
import type { NativeKernelBackend, NativeTensor } from "../load/native-backend-types.ts";

/** A weight of tfjs-layers. */
interface LayerWeight {
  read(): tf.Tensor;
  write(value: tf.Tensor): unknown;
}

/** Fields of tfjs-layers' BatchNormalization that `call` uses. */
interface BatchNormLayer extends CallableLayer {
  readonly axis: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly gamma?: LayerWeight;
  readonly beta?: LayerWeight;
  readonly movingMean: LayerWeight;
  readonly movingVariance: LayerWeight;
}

/** Returns a `call` that normalizes by one kernel in training. `stock` is used in inference and for cases without a kernel. */
export function batchNormCall(callable: CallableLayer, stock: LayerCall): LayerCall {
  const layer = callable as BatchNormLayer;
  return (inputs, kwargs) => {
    const x = onlyTensor(inputs);
    const { gamma, beta, axis } = layer;
    const lastAxis = axis === -1 || axis === x.rank - 1;
    if (!kwargs?.training || !gamma || !beta || !lastAxis || !hasKernel(x)) return stock(inputs, kwargs);
    return tf.tidy(() => {
      const native = nativeOf(tf.backend() as NativeKernelBackend);
      const [y, mean, variance] = tf
        .engine()
        .runKernel(
          BATCH_NORM_TRAINING,
          { x, scale: gamma.read(), offset: beta.read() },
          { varianceEpsilon: layer.epsilon },
        ) as unknown as [tf.Tensor, tf.Tensor, tf.Tensor];
      moveAverage(native, layer.movingMean, mean, layer.momentum);
      moveAverage(native, layer.movingVariance, variance, layer.momentum);
      return y;
    });
  };
}

/** Says whether a session of the native backend has a kernel for this input. The kernel is differentiable only once. */
function hasKernel(x: tf.Tensor): boolean {
  return (
    tf.getBackend() === TENSORFLOW &&
    tf.getKernel(BATCH_NORM_TRAINING, TENSORFLOW) !== undefined &&
    x.rank >= 2 &&
    x.dtype === "float32" &&
    x.size > 0 &&
    tf.engine().state.gradientDepth <= 1
  );
}

/** Computes average ← average − (average − value)·(1 − momentum), with the rounding of tfjs-layers. */
function moveAverage(native: Native, average: LayerWeight, value: tf.Tensor, momentum: number): void {
  const { attr, free, id, info, execute, scalar } = native;
  const before = id(average.read());
  const difference = execute("Sub", attr.float, [before, id(value)]);
  const step = execute("Mul", attr.float, [difference.id, scalar(1 - momentum)]);
  const after: NativeTensor = execute("Sub", attr.float, [before, step.id]);
  free(difference, step);
  average.write(tf.engine().makeTensorFromTensorInfo(info(after)));
}
