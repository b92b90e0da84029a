import { type OptionsSchema, optionsSchema, type Param, type Parsed, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

export interface SamOptions {
  /** Length ρ of the way uphill, > 0, in units of the weights. The paper uses 0.05 to 0.1. @default 0.05 */
  readonly rho?: number;
  /**
   * Whether each weight moves in proportion to its own size, so that the result does not depend on the scale of the weights (ASAM, Kwon
   * et al. 2021). ρ is then about ten times as large. @default false
   */
  readonly adaptive?: boolean;
}

export const samOptions: OptionsSchema<SamOptions, keyof SamOptions> = optionsSchema<SamOptions, keyof SamOptions>({
  rho: { type: "number", exclusiveMinimum: 0, default: 0.05, description: "Length of the way uphill" },
  adaptive: { type: "boolean", default: false, description: "Move each weight in proportion to its own size (ASAM)" },
});

/** Fills the defaults. A number is `rho`. @throws OptionsError */
export function parseSam(options: number | SamOptions): Parsed<SamOptions, keyof SamOptions> {
  return samOptions.parse("sam", typeof options === "number" ? { rho: options } : options);
}

/** Below this, a largest absolute value counts as 0. It keeps the division finite in float32. */
const NOTHING = 1e-30;

/**
 * Moves the weights to the point of the highest loss within ρ, to first order: w + ρ·g/‖g‖ over all parameters together (Foret et al. 2021,
 * "Sharpness-Aware Minimization", equation 2). With `adaptive`: w + ρ·w²·g/‖|w|·g‖ (Kwon et al. 2021, "ASAM", equation 10).
 *
 * The norm is computed from values that are divided by the largest one, so gradients of 1e-25 and 1e25 do not underflow or overflow. A
 * gradient of 0 moves nothing.
 *
 * @param grads gradients at the present weights, by parameter name. A parameter without a gradient stays.
 * @returns a function that restores the weights bit for bit. Call it once.
 */
export function climb(
  active: readonly Param[],
  grads: TensorMap,
  { rho, adaptive }: Parsed<SamOptions, keyof SamOptions>,
): () => void {
  const moved = active.filter(({ name }) => grads[name]);
  const clean = moved.map(({ variable }) => tf.clone(variable));
  const restore = (): void => {
    moved.forEach(({ variable }, i) => {
      variable.assign(clean[i] as tf.Tensor);
    });
    tf.dispose(clean);
  };
  try {
    tf.tidy(() => {
      const scaled = moved.map(({ name, variable }) => {
        const gradient = grads[name] as tf.Tensor;
        return adaptive ? tf.mul(tf.abs(variable), gradient) : gradient;
      });
      if (scaled.length === 0) return;
      const largest = tf.maximum(tf.max(tf.stack(scaled.map((x) => tf.max(tf.abs(x))))), NOTHING);
      const unit = scaled.map((x) => tf.div(x, largest));
      const norm = tf.sqrt(tf.addN(unit.map((x) => tf.sum(tf.square(x)))));
      // The largest value is 1, so the norm is at least 1, unless all values are 0.
      const factor = tf.div(rho, tf.maximum(norm, NOTHING));
      moved.forEach(({ variable }, i) => {
        const way = tf.mul(unit[i] as tf.Tensor, factor);
        variable.assign(tf.add(variable, adaptive ? tf.mul(tf.abs(variable), way) : way));
      });
    });
  } catch (error) {
    restore();
    throw error;
  }
  return restore;
}
