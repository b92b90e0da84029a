import * as tf from "@tensorflow/tfjs-core";
import type { BatchNormLayer } from "../layers/batch-norm-layer.ts";
import { normScale } from "./batch-norm-op.ts";
import type { LinearLayer } from "./linear-layer.ts";

/** A kernel with the scale of a batch norm folded in. */
export interface Folded {
  /** kernel · γ/√(σ² + ε). */
  readonly kernel: tf.Tensor;
  /** γ/√(σ² + ε), shape [C]. */
  readonly scale: tf.Tensor;
}

/** A cached {@link Folded} kernel. It is computed once, and stays valid while kernel, gamma and variance are frozen. */
export interface FoldedKernel {
  /** Returns the folded kernel, computed again if a source has new data. This object owns and frees the tensors. */
  read(): Folded;
  /** Frees the folded kernel. Call it when a source trains: an update in place cannot be noticed. */
  drop(): void;
}

/** Creates the cache for one linear layer and the batch norm after it. */
export function foldedKernel(linear: LinearLayer, norm: BatchNormLayer): FoldedKernel {
  const sources = [linear.kernel, norm.gamma, norm.movingVariance].filter((weight) => weight != null);
  let kept: Folded | undefined;
  let sourceData: readonly object[] = [];
  const drop = (): void => {
    if (kept) tf.dispose([kept.kernel, kept.scale]);
    kept = undefined;
  };
  return {
    read() {
      // Assigning a variable gives it new data. Loading weights does this.
      const now = sources.map((weight) => weight.read().dataId);
      if (kept && now.every((id, i) => id === sourceData[i])) return kept;
      drop();
      sourceData = now;
      kept = unrecorded(() => fold(linear, norm));
      return kept;
    },
    drop,
  };
}

function fold(linear: LinearLayer, norm: BatchNormLayer): Folded {
  const scale = normScale(norm);
  return { kernel: tf.keep(tf.mul(linear.kernel.read(), linear.perOutput(scale))), scale: tf.keep(scale) };
}

/**
 * Runs `fn` without gradient recording, which would keep the tensors that `fn` reads. The forward function of a custom
 * gradient is not recorded.
 */
function unrecorded(fn: () => Folded): Folded {
  const out: { value?: Folded } = {};
  tf.tidy(() => {
    const run = tf.customGrad((input) => {
      out.value = tf.tidy(fn as () => never) as Folded;
      return { value: tf.clone(input as tf.Tensor), gradFunc: (dy) => dy as tf.Tensor };
    });
    run(tf.scalar(0));
  });
  return out.value as Folded;
}
