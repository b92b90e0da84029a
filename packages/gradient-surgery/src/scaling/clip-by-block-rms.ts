import { l2Norm, mapTensors, type OptimizerHook, type OptionsSchema, optionsSchema, stateless } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Options of {@link clipByBlockRms}. */
export interface ClipByBlockRmsOptions {
  /** Largest root mean square of a tensor, > 0. @default 1 */
  readonly threshold?: number;
}

/** Schema of {@link ClipByBlockRmsOptions}. */
export const clipByBlockRmsOptions: OptionsSchema<ClipByBlockRmsOptions, "threshold"> = optionsSchema<
  ClipByBlockRmsOptions,
  "threshold"
>({
  threshold: { type: "number", exclusiveMinimum: 0, default: 1, description: "Largest root mean square of a tensor" },
});

/**
 * Scales the gradient of each tensor to a root mean square of at most `threshold`: g ← g / max(1, rms(g) / threshold)
 * (Shazeer & Stern 2018, Adafactor, algorithm 4; optax `clip_by_block_rms`). It differs from `clipByNorm` in that the limit
 * does not depend on the size of the tensor. The hook has no state.
 *
 * @throws OptionsError if `threshold` is not positive.
 */
export function clipByBlockRms(options: ClipByBlockRmsOptions = {}): OptimizerHook<null> {
  const { threshold } = clipByBlockRmsOptions.parse("clip-by-block-rms", options);
  return stateless("clip-by-block-rms", (grads) =>
    mapTensors(grads, (g) =>
      tf.tidy(() => tf.mul(g, tf.div(threshold, tf.maximum(tf.div(l2Norm([g]), Math.sqrt(g.size)), threshold)))),
    ),
  );
}
