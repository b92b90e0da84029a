import * as tf from "@tensorflow/tfjs-core";
import { runFused } from "../kinds/fused-kernels.ts";
import { type OptionsSchema, optionsSchema } from "../kinds/options.ts";
import { decayedNames } from "../params/compiled-selectors.ts";
import type { ParamInfo } from "../params/params.ts";
import type { Selector } from "../params/select.ts";
import { inOrder, mapTensors, type TensorMap, zerosLike } from "../params/tensor-map.ts";
import type { UpdateRule } from "../step/hook.ts";
import { scalars } from "../step/scalars.ts";

export interface AdamOptions {
  /** Decay of the first moment, in [0, 1). @default 0.9 */
  readonly beta1?: number;
  /** Decay of the second moment, in [0, 1). @default 0.999 */
  readonly beta2?: number;
  /** Added to √v̂, outside the root. The same value on every backend. @default 1e-8 */
  readonly epsilon?: number;
}

export interface AdamWOptions extends AdamOptions {
  /** Decoupled decay λ ≥ 0: w ← w − γ·λ·w in addition to the step, outside the moments. @default 0.01 */
  readonly weightDecay?: number;
  /** Parameters that decay. @default two or more dimensions, and not a bias, gamma or beta */
  readonly decayOn?: Selector;
}

export type AdamState = {
  readonly m: TensorMap;
  readonly v: TensorMap;
  /** Number of steps of each parameter: a parameter that joins late gets its own bias correction. */
  readonly count: { readonly [name: string]: number };
};

const fields = {
  beta1: { type: "number", minimum: 0, exclusiveMaximum: 1, default: 0.9, description: "Decay of the first moment" },
  beta2: { type: "number", minimum: 0, exclusiveMaximum: 1, default: 0.999, description: "Decay of the second moment" },
  epsilon: { type: "number", minimum: 0, default: 1e-8, description: "Added to the root of the second moment" },
} as const;

type Defaults = keyof AdamOptions | "weightDecay";
export const adamOptions: OptionsSchema<AdamOptions, keyof AdamOptions> = optionsSchema(fields);
export const adamwOptions: OptionsSchema<AdamWOptions, Defaults> = optionsSchema<AdamWOptions, Defaults>({
  ...fields,
  weightDecay: { type: "number", minimum: 0, default: 0.01, description: "Decoupled weight decay" },
  decayOn: {
    description:
      "Selector of the parameters that decay; by default those of two or more dimensions except biases, gamma and beta",
  },
});

/**
 * Adam (Kingma & Ba 2015, algorithm 1): w ← w − γ·m̂/(√v̂ + ε), with each parameter's own step count in the bias correction.
 *
 * State: two tensors per parameter.
 * @throws OptionsError if an option is out of range or unknown.
 */
export function adam(options: AdamOptions = {}): UpdateRule<AdamState> {
  return rule("adam", adamOptions.parse("adam", options), () => () => 0);
}

/**
 * AdamW (Loshchilov & Hutter 2019, algorithm 2): Adam, plus w ← w − γ·λ·w on the parameters of `decayOn`.
 *
 * State: two tensors per parameter.
 * @throws OptionsError if an option is out of range or unknown; SelectionError if `decayOn` matches nothing.
 */
export function adamw(options: AdamWOptions = {}): UpdateRule<AdamState> {
  const { weightDecay, decayOn, ...rest } = adamwOptions.parse("adamw", options);
  const selected = decayedNames(decayOn, "`decayOn` of `adamw`");
  return rule("adamw", rest, (infos) => {
    const names = selected(infos);
    return (name) => (names.has(name) ? weightDecay : 0);
  });
}

function rule(
  name: string,
  { beta1, beta2, epsilon }: Required<AdamOptions>,
  decayOf: (infos: readonly ParamInfo[]) => (name: string) => number,
): UpdateRule<AdamState> {
  const counted = (count: AdamState["count"], names: readonly string[]): AdamState["count"] =>
    Object.fromEntries(names.map((param) => [param, (count[param] ?? 0) + 1]));
  return {
    name,
    terminal: true,
    init(params, infos) {
      decayOf(infos);
      return { m: zerosLike(params), v: zerosLike(params), count: {} };
    },
    transform(grads, state, { params, rates, infos }) {
      const decay = decayOf(infos);
      const scalar = scalars();
      const times = (x: tf.Tensor, factor: number): tf.Tensor => tf.mul(x, scalar(factor));
      const count = counted(state.count, Object.keys(grads));
      const m = mapTensors(grads, (g, key) => tf.add(times(state.m[key] as tf.Tensor, beta1), times(g, 1 - beta1)));
      const v = mapTensors(grads, (g, key) =>
        tf.add(times(state.v[key] as tf.Tensor, beta2), times(tf.square(g), 1 - beta2)),
      );
      const updates = mapTensors(grads, (_, key) => {
        const t = count[key] as number;
        const rate = rates[key] as number;
        // γ·(m/c₁)/(√(v/c₂)+ε) with the corrections folded into scalars, as in section 2 of the paper: two kernels fewer.
        const root = Math.sqrt(1 - beta2 ** t);
        const denominator = tf.add(tf.sqrt(v[key] as tf.Tensor), scalar(epsilon * root));
        const step = tf.div(times(m[key] as tf.Tensor, (rate * root) / (1 - beta1 ** t)), denominator);
        const lambda = decay(key);
        return lambda === 0 ? step : tf.add(step, times(params[key] as tf.Tensor, lambda * rate));
      });
      return { updates, state: { m, v, count } };
    },
    applyFused(variables, grads, state, { rates, infos }) {
      const names = Object.keys(variables);
      const count = counted(state.count, names);
      // Without ε, a parameter without gradient gives 0/0. Only a step that is not in place can be undone.
      const ran =
        epsilon > 1e-30 &&
        runFused("GraftAdam", {
          variables: inOrder(names, variables),
          grads: inOrder(names, grads),
          m: inOrder(names, state.m),
          v: inOrder(names, state.v),
          learningRates: inOrder(names, rates),
          corrections1: names.map((key) => 1 - beta1 ** (count[key] as number)),
          corrections2: names.map((key) => 1 - beta2 ** (count[key] as number)),
          decays: names.map(decayOf(infos)),
          beta1,
          beta2,
          epsilon,
        });
      return ran ? { state: { m: state.m, v: state.v, count } } : undefined;
    },
  };
}
