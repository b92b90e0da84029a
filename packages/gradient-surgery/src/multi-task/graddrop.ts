import {
  didYouMean,
  type ElementwiseCombiner,
  formatNames,
  type OptionsSchema,
  optionsSchema,
  RecipeError,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { tensorSeed } from "../numeric/tensor-seed.ts";

/** Options of {@link graddrop}. */
export interface GraddropOptions {
  /** Share of the gradient of each task that is never dropped, by task, in [0, 1]. @default 0 for every task */
  readonly leak?: { readonly [task: string]: number };
  /** Seed of the random choice. @default 0 */
  readonly seed?: number;
}

/** Schema of {@link GraddropOptions}. */
export const graddropOptions: OptionsSchema<GraddropOptions, "seed"> = optionsSchema<GraddropOptions, "seed">({
  leak: {
    type: "object",
    additionalProperties: { type: "number", minimum: 0, maximum: 1 },
    description: "Share of each task's gradient that is never dropped, by task",
  },
  seed: { type: "integer", minimum: 0, default: 0, description: "Seed of the random choice" },
});

/**
 * Sums only the gradients of one sign, element by element: GradDrop (Chen et al. 2020, "Just Pick a Sign", algorithm 1, lines
 * 10–15). The sign is positive with probability P = ½(1 + Σg/Σ|g|), otherwise negative. This is the form for gradients of
 * parameters; the paper also has a form for activations.
 *
 * The combiner has no state. The random choice depends on seed, step and parameter name, and is equal on all backends.
 *
 * @throws OptionsError if an option is unknown or out of range; RecipeError at a step if `leak` names an unknown task.
 */
export function graddrop(options: GraddropOptions = {}): ElementwiseCombiner<null> {
  const { leak = {}, seed } = graddropOptions.parse("graddrop", options);
  return {
    name: "graddrop",
    init: () => null,
    combine(byTask, state, { step }) {
      const unknown = Object.keys(leak).filter((task) => !byTask[task]);
      if (unknown.length > 0) {
        throw new RecipeError(
          `\`leak\` of \`graddrop\` names the unknown task(s) ${formatNames(unknown)}.`,
          didYouMean(unknown[0] as string, Object.keys(byTask)),
        );
      }
      const names = Object.keys(Object.values(byTask)[0] ?? {});
      const merge = (name: string): tf.Tensor =>
        tf.tidy(() => {
          const grads = Object.entries(byTask).map(([task, map]) => ({ g: map[name] as tf.Tensor, task }));
          const largest = tf.max(tf.stack(grads.map(({ g }) => tf.max(tf.abs(g)))));
          // In float32 the sum of two numbers of 3e38 overflows, and a sum below 1e-38 becomes 0.
          const unit = grads.map(({ g }) => tf.div(g, tf.where(tf.greater(largest, 0), largest, tf.onesLike(largest))));
          const size = tf.addN(unit.map((g) => tf.abs(g)));
          const purity = tf.divNoNan(tf.addN(unit), size);
          const draw = tf.randomUniform(purity.shape, -1, 1, "float32", tensorSeed(seed, step, name));
          const sign = tf.sub(tf.mul(tf.cast(tf.greater(purity, draw), "float32"), 2), 1);
          return tf.addN(
            grads.map(({ g, task }, i) => {
              // tf.sign is not used, because on wasm the sign of 1e-10 is 0.
              const sameSign = tf.mul(g, tf.cast(tf.greater(tf.mul(unit[i] as tf.Tensor, sign), 0), "float32"));
              const through = leak[task] ?? 0;
              return through === 0 ? sameSign : tf.add(tf.mul(g, through), tf.mul(sameSign, 1 - through));
            }),
          );
        });
      return { grads: Object.fromEntries(names.map((name) => [name, merge(name)])), state };
    },
  };
}
