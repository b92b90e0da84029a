import * as tf from "@tensorflow/tfjs-core";
import { decays } from "../decay.ts";
import { runFused } from "../fused.ts";
import type { UpdateRule } from "../hook.ts";
import { assertOptions, type OptionsSchema, optionsSchema } from "../options.ts";
import type { ParamInfo } from "../params.ts";
import { scalars } from "../scalars.ts";
import type { Selector } from "../select.ts";
import { mapTensors, type TensorMap, zerosLike } from "../tree.ts";

export interface AdamOptions {
  /** Decay of the first moment, in [0, 1). @default 0.9 */
  readonly beta1?: number;
  /** Decay of the second moment, in [0, 1). @default 0.999 */
  readonly beta2?: number;
  /** Added to √v̂, outside the root. The same on every backend. @default 1e-8 */
  readonly epsilon?: number;
}

export interface AdamWOptions extends AdamOptions {
  /** Decoupled decay: w ← w − γ·λ·w beside the step, not inside the moments. ≥ 0. @default 0.01 */
  readonly weightDecay?: number;
  /** Which parameters decay. @default every parameter of more than one dimension */
  readonly decayOn?: Selector;
}

export type AdamState = {
  readonly m: TensorMap;
  readonly v: TensorMap;
  /** Steps that each parameter has taken: one that joins late gets its own bias correction. */
  readonly count: { readonly [name: string]: number };
};

const fields = {
  beta1: { type: "number", minimum: 0, exclusiveMaximum: 1, default: 0.9, description: "Decay of the first moment" },
  beta2: { type: "number", minimum: 0, exclusiveMaximum: 1, default: 0.999, description: "Decay of the second moment" },
  epsilon: { type: "number", minimum: 0, default: 1e-8, description: "Added to the root of the second moment" },
} as const;

export const adamOptions: OptionsSchema<AdamOptions> = optionsSchema<AdamOptions>(fields);
export const adamwOptions: OptionsSchema<AdamWOptions> = optionsSchema<AdamWOptions>({
  ...fields,
  weightDecay: { type: "number", minimum: 0, default: 0.01, description: "Decoupled weight decay" },
  decayOn: { description: "Selector of the parameters that decay; those of more than one dimension by default" },
});

/**
 * Adam (Kingma & Ba 2015, algorithm 1): w ← w − γ·m̂/(√v̂ + ε), moments corrected by each parameter's own step count.
 *
 * State: two tensors a parameter.
 * @throws OptionsError where an option is out of range or unknown.
 */
export function adam(options: AdamOptions = {}): UpdateRule<AdamState> {
  assertOptions("adam", adamOptions, options);
  return rule("adam", options, () => () => 0);
}

/**
 * AdamW (Loshchilov & Hutter 2019, algorithm 2): Adam, and beside it w ← w − γ·λ·w on the parameters of `decayOn`.
 *
 * State: two tensors a parameter.
 * @throws OptionsError where an option is out of range or unknown; SelectionError where `decayOn` matches nothing.
 */
export function adamw(options: AdamWOptions = {}): UpdateRule<AdamState> {
  assertOptions("adamw", adamwOptions, options);
  const { weightDecay = 0.01, decayOn, ...rest } = options;
  const selected = decays(decayOn, "`decayOn` of `adamw`");
  return rule("adamw", rest, (infos) => {
    const names = selected(infos);
    return (name) => (names.has(name) ? weightDecay : 0);
  });
}

function rule(
  name: string,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamOptions,
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
        // γ·(m/c₁)/(√(v/c₂)+ε) with the corrections drawn into scalars, as the paper's section 2 has it: two kernels fewer.
        const root = Math.sqrt(1 - beta2 ** t);
        const denominator = tf.add(tf.sqrt(v[key] as tf.Tensor), scalar(epsilon * root));
        const step = tf.div(times(m[key] as tf.Tensor, (rate * root) / (1 - beta1 ** t)), denominator);
        const lambda = decay(key);
        return lambda === 0 ? step : tf.add(step, times(params[key] as tf.Tensor, lambda * rate));
      });
      return { grads: updates, state: { m, v, count } };
    },
    applyFused(variables, grads, state, { rates, infos }) {
      const names = Object.keys(variables);
      const count = counted(state.count, names);
      const ran = runFused("GraftAdam", {
        variables: names.map((key) => variables[key]),
        grads: names.map((key) => grads[key]),
        m: names.map((key) => state.m[key]),
        v: names.map((key) => state.v[key]),
        learningRates: names.map((key) => rates[key]),
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
