import {
  mapTensors,
  type OptionsSchema,
  optionsSchema,
  scalars,
  type TensorMap,
  type UpdateRule,
  zerosLike,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Options of {@link rmsprop}. */
export interface RmspropOptions {
  /** Decay of the mean square, in [0, 1). Keras has 0.9. @default 0.99 */
  readonly decay?: number;
  /** Added to the root of the mean square, outside the root. @default 1e-8 */
  readonly epsilon?: number;
  /** Share of the velocity that is kept per step, in [0, 1). With 0 the rule keeps no velocity. @default 0 */
  readonly momentum?: number;
  /** Whether the gradient's own mean is subtracted: the root is that of a variance. @default false */
  readonly centered?: boolean;
}

/** State of {@link rmsprop}. `mean` and `velocity` are empty if the options do not need them. */
export type RmspropState = { readonly square: TensorMap; readonly mean: TensorMap; readonly velocity: TensorMap };

/** Schema of {@link RmspropOptions}. */
export const rmspropOptions: OptionsSchema<RmspropOptions, keyof RmspropOptions> = optionsSchema<
  RmspropOptions,
  keyof RmspropOptions
>({
  decay: { type: "number", minimum: 0, exclusiveMaximum: 1, default: 0.99, description: "Decay of the mean square" },
  epsilon: { type: "number", minimum: 0, default: 1e-8, description: "Added to the root of the mean square" },
  momentum: {
    type: "number",
    minimum: 0,
    exclusiveMaximum: 1,
    default: 0,
    description: "Share of the velocity that is kept",
  },
  centered: { type: "boolean", default: false, description: "Divide by the root of a variance" },
});

/**
 * Divides each gradient by a moving root mean square of itself: v ← α·v + (1 − α)·g², w ← w − γ·g / (√v + ε) (Hinton 2012, lecture 6e).
 * Equals torch.optim.RMSprop. Keras adds ε inside the root.
 *
 * State: one tensor per parameter; one more with `momentum`, and one more with `centered`.
 * @throws OptionsError if an option is out of range or unknown.
 */
export function rmsprop(options: RmspropOptions = {}): UpdateRule<RmspropState> {
  const { decay, epsilon, momentum, centered } = rmspropOptions.parse("rmsprop", options);
  return {
    name: "rmsprop",
    terminal: true,
    init: (params) => ({
      square: zerosLike(params),
      mean: centered ? zerosLike(params) : {},
      velocity: momentum > 0 ? zerosLike(params) : {},
    }),
    transform(grads, state, { rates }) {
      const scalar = scalars();
      const average = (before: tf.Tensor | undefined, x: tf.Tensor): tf.Tensor =>
        tf.add(tf.mul(before as tf.Tensor, scalar(decay)), tf.mul(x, scalar(1 - decay)));
      const square = mapTensors(grads, (g, name) => average(state.square[name], tf.square(g)));
      const mean = centered ? mapTensors(grads, (g, name) => average(state.mean[name], g)) : {};
      const scaled = mapTensors(grads, (g, name) => {
        const [v, m] = [square[name] as tf.Tensor, mean[name]];
        // Rounding can make a variance a little negative.
        const variance = m ? tf.relu(tf.sub(v, tf.square(m))) : v;
        return tf.div(g, tf.add(tf.sqrt(variance), scalar(epsilon)));
      });
      const velocity =
        momentum > 0
          ? mapTensors(scaled, (g, name) => tf.add(tf.mul(state.velocity[name] as tf.Tensor, scalar(momentum)), g))
          : {};
      const updates = mapTensors(momentum > 0 ? velocity : scaled, (x, name) =>
        tf.mul(x, scalar(rates[name] as number)),
      );
      return { updates, state: { square, mean, velocity } };
    },
  };
}
