import {
  formatNames,
  type HookedOptimizer,
  mapTensors,
  NonFiniteError,
  type OptimizerHook,
  type OptionsSchema,
  optionsSchema,
  RecipeError,
  type StateTree,
  type TensorMap,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

export interface ApplyIfFiniteOptions {
  /** Behaviour of `checkFinite` after a skipped step: throw at once, or only after `limit` skips in a row. @default "throw" */
  readonly policy?: "throw" | "skip";
  /** Number of skips in a row that the policy "skip" allows, ≥ 1. @default 10 */
  readonly limit?: number;
}

export type ApplyIfFiniteState = {
  /** Number of steps in which each parameter's gradient was not finite: int32 scalars on the device. */
  readonly nonFinite: TensorMap;
  readonly skipped: tf.Tensor;
  readonly inARow: tf.Tensor;
  readonly limit: number;
};

export const applyIfFiniteOptions: OptionsSchema<ApplyIfFiniteOptions, "policy" | "limit"> = optionsSchema<
  ApplyIfFiniteOptions,
  "policy" | "limit"
>({
  policy: { enum: ["throw", "skip"], default: "throw", description: "Throw at the first skip, or after `limit` skips" },
  limit: {
    type: "integer",
    minimum: 1,
    default: 10,
    description: "Number of skips in a row that the policy skip allows",
  },
});

/**
 * Skips a step if a gradient is NaN or infinite: weights and state stay as they were. Like optax `apply_if_finite`. The
 * device decides, without a read; numbers that hooks keep on the host (Adam's step counts) still advance.
 *
 * Its place among the hooks decides which gradient it checks: first for the raw gradient, last for the gradient that the
 * rule gets. Call `await checkFinite(optimizer)` between steps, as rarely as you like: it throws if the policy says so, and
 * names the parameters.
 * @throws OptionsError if an option is out of range or unknown.
 */
export function applyIfFinite(options: ApplyIfFiniteOptions = {}): OptimizerHook<ApplyIfFiniteState> {
  const { policy, limit } = applyIfFiniteOptions.parse("apply-if-finite", options);
  const zero = (): tf.Tensor => tf.scalar(0, "int32");
  return {
    name: "apply-if-finite",
    init: (params) => ({
      nonFinite: mapTensors(params, zero),
      skipped: zero(),
      inARow: zero(),
      limit: policy === "throw" ? 0 : limit,
    }),
    transform(grads, { nonFinite, skipped, inARow, limit }) {
      const bad = mapTensors(grads, (g) => tf.logicalNot(tf.all(tf.isFinite(g))));
      const counts = mapTensors(bad, (is, name) => tf.add(nonFinite[name] as tf.Tensor, tf.cast(is, "int32")));
      const skip = tf.any(tf.stack(Object.values(bad)));
      const one = tf.cast(skip, "int32");
      return {
        grads,
        skip,
        state: { nonFinite: counts, skipped: tf.add(skipped, one), inARow: tf.mul(tf.add(inARow, one), one), limit },
      };
    },
  };
}

/** Counts that `checkFinite` read: skipped steps in total, skipped steps in a row until now, and steps by parameter. */
export interface FiniteReport {
  readonly skipped: number;
  readonly inARow: number;
  readonly byParameter: { readonly [name: string]: number };
}

/**
 * Reads the counters of `applyIfFinite` in one awaited read. Call it between steps.
 *
 * @param name of the hook, if it was renamed. @default "apply-if-finite"
 * @throws NonFiniteError with the names of the parameters, if the hook's policy says so; RecipeError if the optimizer lacks
 *   the hook.
 */
export async function checkFinite(optimizer: HookedOptimizer, name = "apply-if-finite"): Promise<FiniteReport> {
  if (!optimizer.hooks.some((hook) => hook.name === name)) {
    throw new RecipeError(`The optimizer has no hook \`${name}\`.`, "Add applyIfFinite() to its hooks.");
  }
  const state = (optimizer.state?.hooks as { readonly [hook: string]: StateTree } | undefined)?.[name];
  if (!state) return { skipped: 0, inARow: 0, byParameter: {} };
  const { nonFinite, skipped, inARow, limit } = state as ApplyIfFiniteState;
  const packed = tf.tidy(() => tf.stack([skipped, inARow, ...Object.values(nonFinite)]));
  const [all, row, ...counts] = (await packed.data()) as Int32Array;
  packed.dispose();
  const pairs = Object.keys(nonFinite).map((param, i) => [param, counts[i] as number] as const);
  const found = { skipped: all as number, inARow: row as number, byParameter: Object.fromEntries(pairs) };
  if (limit === 0 ? found.skipped > 0 : found.inARow > limit) {
    const culprits = pairs.filter(([, count]) => count > 0).map(([param]) => param);
    throw new NonFiniteError(
      `The gradient of ${formatNames(culprits)} was NaN or infinite; ${found.skipped} step(s) were skipped, the last ${found.inARow} of them in a row.`,
      "The weights did not change in those steps. Check the learning rate, the loss and the data.",
    );
  }
  return found;
}
