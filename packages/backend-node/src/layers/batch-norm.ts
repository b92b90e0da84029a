import type { Registration } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import { BATCH_NORM_TRAINING } from "../kernels/batch-norm/training.ts";
import type { Native } from "../kernels/native.ts";
import { TENSORFLOW } from "../load/backend-name.ts";
import type { NativeTensor } from "../load/native-backend-types.ts";

/** A weight of tfjs-layers. */
interface LayerWeight {
  read(): tf.Tensor;
  write(value: tf.Tensor): unknown;
}
/** tfjs-layers' BatchNormalization, as far as `call` uses it. */
interface BatchNormLayer {
  readonly axis: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly gamma?: LayerWeight;
  readonly beta?: LayerWeight;
  readonly movingMean: LayerWeight;
  readonly movingVariance: LayerWeight;
  call(inputs: tf.Tensor | tf.Tensor[], kwargs: { readonly training?: boolean }): tf.Tensor | tf.Tensor[];
}

/**
 * Has tfjs-layers' BatchNormalization train by the fused kernel while the native backend is current. The class is found
 * in tfjs-core's own table of serializable classes, so tfjs-layers is not imported here; where the app has not imported it
 * either, there is nothing to do.
 */
export function fuseLayersBatchNorm(native: Native): Registration {
  const classes = tf.serialization.SerializationMap.getMap().classNameMap;
  const prototype = classes.BatchNormalization?.[0].prototype as unknown as BatchNormLayer | undefined;
  if (!prototype) return { dispose: () => {} };
  const stock = prototype.call;
  prototype.call = function fusedCall(this: BatchNormLayer, inputs, kwargs) {
    const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor;
    const { gamma, beta } = this;
    const lastAxis = this.axis === -1 || this.axis === x.rank - 1;
    const ours =
      kwargs?.training &&
      gamma &&
      beta &&
      lastAxis &&
      x.rank >= 2 &&
      x.dtype === "float32" &&
      x.size > 0 &&
      tf.getBackend() === TENSORFLOW;
    if (!ours || isNested()) return stock.call(this, inputs, kwargs);
    return tf.tidy(() => {
      const [y, mean, variance] = tf
        .engine()
        .runKernel(
          BATCH_NORM_TRAINING,
          { x, scale: gamma.read(), offset: beta.read() },
          { varianceEpsilon: this.epsilon },
        ) as unknown as [tf.Tensor, tf.Tensor, tf.Tensor];
      follow(native, this.movingMean, mean, this.momentum);
      follow(native, this.movingVariance, variance, this.momentum);
      return y;
    });
  };
  return {
    dispose() {
      prototype.call = stock;
    },
  };
}

/** old ← old − (old − value)·(1 − momentum), as tfjs-layers computes it. */
function follow(
  { attr, free, id, info, execute, scalar }: Native,
  weight: LayerWeight,
  value: tf.Tensor,
  momentum: number,
): void {
  const old = id(weight.read());
  const difference = execute("Sub", attr.float, [old, id(value)]);
  const step = execute("Mul", attr.float, [difference.id, scalar(1 - momentum)]);
  const next: NativeTensor = execute("Sub", attr.float, [old, step.id]);
  free(difference, step);
  weight.write(tf.engine().makeTensorFromTensorInfo(info(next)));
}

/** A gradient of a gradient needs tfjs's composed batch norm: the fused one is differentiable once. */
function isNested(): boolean {
  return tf.engine().state.gradientDepth > 1;
}
