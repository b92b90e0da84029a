import * as tf from "@tensorflow/tfjs-core";
import type { BatchNormLayer } from "../layers/batch-norm-layer.ts";
import { normScale } from "./bn-activation.ts";
import type { LinearLayer } from "./linear-layer.ts";

export interface Folded {
  /** kernel · γ/√(σ² + ε). */
  readonly kernel: tf.Tensor;
  /** γ/√(σ² + ε), shape [C]. */
  readonly scale: tf.Tensor;
}

/** A kernel with its batch norm's scale folded in: made once for as long as kernel, gamma and variance are frozen. */
export interface FoldedKernel {
  /** Owned by this object. */
  read(): Folded;
  /** For when one of them has trained: in-place updates leave no trace that could be compared. */
  drop(): void;
}

export function foldedKernel(linear: LinearLayer, norm: BatchNormLayer): FoldedKernel {
  const sources = [linear.kernel, norm.gamma, norm.movingVariance].filter((weight) => weight != null);
  let kept: Folded | undefined;
  let madeOf: readonly object[] = [];
  const drop = (): void => {
    if (kept) tf.dispose([kept.kernel, kept.scale]);
    kept = undefined;
  };
  return {
    read() {
      // Assigning a variable, as loading weights does, gives it new data.
      const now = sources.map((weight) => weight.read().dataId);
      if (kept && now.every((id, i) => id === madeOf[i])) return kept;
      drop();
      madeOf = now;
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

/** Runs `fn` past the tape, which would keep what it reads: inside a custom gradient's forward function nothing is recorded. */
function unrecorded(fn: () => Folded): Folded {
  const out: { value?: Folded } = {};
  tf.tidy(() => {
    const run = tf.customGrad((one) => {
      out.value = tf.tidy(fn as () => never) as Folded;
      return { value: tf.clone(one as tf.Tensor), gradFunc: (dy) => dy as tf.Tensor };
    });
    run(tf.scalar(0));
  });
  return out.value as Folded;
}
