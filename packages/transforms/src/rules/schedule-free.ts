import {
  decayedNames,
  mapTensors,
  type OptionsSchema,
  optionsSchema,
  type ParamInfo,
  type Selector,
  scalars,
  type TensorMap,
  type UpdateRule,
  zerosLike,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { decaySelector } from "./decoupled-weight-decay.ts";
import type { Averaging } from "./evaluation-weights.ts";

export interface ScheduleFreeSgdOptions {
  /** β in y = (1 − β)·z + β·x, in (0, 1): how near the trained weights y stay to the average x. @default 0.9 */
  readonly momentum?: number;
  /** L2 penalty λ ≥ 0, taken at y: g ← g + λ·y. @default 0 */
  readonly weightDecay?: number;
  /** Parameters that decay. @default two or more dimensions, and not a bias, gamma or beta */
  readonly decayOn?: Selector;
  /** Power of the largest rate so far in the weight of a step in the average. Steps of a warm-up then count for less. @default 2 */
  readonly ratePower?: number;
}

export interface ScheduleFreeAdamwOptions extends Omit<ScheduleFreeSgdOptions, "momentum"> {
  /** β₁ in y = (1 − β₁)·z + β₁·x, in (0, 1). @default 0.9 */
  readonly beta1?: number;
  /** Decay of the second moment, in [0, 1). @default 0.999 */
  readonly beta2?: number;
  /** Added to the root of the second moment. @default 1e-8 */
  readonly epsilon?: number;
  /** Decoupled decay λ ≥ 0, taken at y. @default 0.01 */
  readonly weightDecay?: number;
}

/** State of the Schedule-Free rules. The numbers are by parameter, because a parameter may join late. */
export type ScheduleFreeState = {
  /** The fast sequence z. */
  readonly z: TensorMap;
  /** The second moment. Empty without Adam. */
  readonly v: TensorMap;
  readonly count: { readonly [name: string]: number };
  /** Sum of the weights of all steps in the average. */
  readonly weights: { readonly [name: string]: number };
  readonly largestRate: { readonly [name: string]: number };
};

/** A rule whose trained weights are not those to evaluate, save or use. `fineTune` puts the right ones in place. */
export interface ScheduleFreeRule extends UpdateRule<ScheduleFreeState>, Averaging<ScheduleFreeState> {}

const share = { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1, default: 0.9 } as const;
const near = "β: how near the trained weights stay to the average";
const fields = {
  decayOn: decaySelector,
  ratePower: {
    type: "number",
    minimum: 0,
    default: 2,
    description: "Power of the largest rate so far in the weight of a step in the average",
  },
} as const;
type SgdDefaults = "momentum" | "weightDecay" | "ratePower";
type AdamwDefaults = "beta1" | "beta2" | "epsilon" | "weightDecay" | "ratePower";

export const scheduleFreeSgdOptions: OptionsSchema<ScheduleFreeSgdOptions, SgdDefaults> = optionsSchema<
  ScheduleFreeSgdOptions,
  SgdDefaults
>({
  momentum: { ...share, description: near },
  weightDecay: { type: "number", minimum: 0, default: 0, description: "L2 penalty, taken at the trained weights" },
  ...fields,
});

export const scheduleFreeAdamwOptions: OptionsSchema<ScheduleFreeAdamwOptions, AdamwDefaults> = optionsSchema<
  ScheduleFreeAdamwOptions,
  AdamwDefaults
>({
  beta1: { ...share, description: near },
  beta2: { type: "number", minimum: 0, exclusiveMaximum: 1, default: 0.999, description: "Decay of the second moment" },
  epsilon: { type: "number", minimum: 0, default: 1e-8, description: "Added to the root of the second moment" },
  weightDecay: { type: "number", minimum: 0, default: 0.01, description: "Decoupled decay, at the trained weights" },
  ...fields,
});

/**
 * Schedule-Free SGD (Defazio et al. 2024, "The Road Less Scheduled", equations 1 to 3): the gradient g is taken at y = (1 − β)·z + β·x,
 * then z ← z − γ·g and x ← (1 − c)·x + c·z, with c = γ²/Σγ² by default. The average x replaces the decay of the rate, so the run needs
 * no length: use a constant rate, or a warm-up. The authors suggest 10 to 50 times the rate of plain SGD. Equals the package
 * `schedulefree` of the authors.
 *
 * The model holds y during training. `fineTune` evaluates, stops early by, and ends with x. In a loop of your own, call
 * `swapInAverage`.
 *
 * State: one tensor per parameter.
 * @throws OptionsError if an option is out of range or unknown; SelectionError if `decayOn` matches nothing.
 */
export function scheduleFreeSgd(options: ScheduleFreeSgdOptions = {}): ScheduleFreeRule {
  const { momentum, ...rest } = scheduleFreeSgdOptions.parse("schedule-free-sgd", options);
  return rule("schedule-free-sgd", { beta: momentum, ...rest });
}

/**
 * Schedule-Free AdamW (Defazio et al. 2024, algorithm 1): as `scheduleFreeSgd`, with g / (√v̂ + ε) + λ·y in place of g, where v̂ is
 * Adam's second moment with its bias correction. Equals the package `schedulefree` of the authors.
 *
 * State: two tensors per parameter.
 * @throws OptionsError if an option is out of range or unknown; SelectionError if `decayOn` matches nothing.
 */
export function scheduleFreeAdamw(options: ScheduleFreeAdamwOptions = {}): ScheduleFreeRule {
  const { beta1, beta2, epsilon, ...rest } = scheduleFreeAdamwOptions.parse("schedule-free-adamw", options);
  return rule("schedule-free-adamw", { beta: beta1, adam: { beta2, epsilon }, ...rest });
}

interface Parsed {
  readonly beta: number;
  readonly weightDecay: number;
  readonly decayOn?: Selector;
  readonly ratePower: number;
  readonly adam?: { readonly beta2: number; readonly epsilon: number };
}

function rule(name: string, { beta, weightDecay, decayOn, ratePower, adam }: Parsed): ScheduleFreeRule {
  const selected = decayedNames(decayOn, `\`decayOn\` of \`${name}\``);
  const decaying = (infos: readonly ParamInfo[]): ReadonlySet<string> =>
    weightDecay > 0 || decayOn !== undefined ? selected(infos) : new Set();
  return {
    name,
    terminal: true,
    init(params, infos) {
      decaying(infos);
      return {
        z: mapTensors(params, (w) => tf.clone(w)),
        v: adam ? zerosLike(params) : {},
        count: {},
        weights: {},
        largestRate: {},
      };
    },
    transform(grads, state, { params, rates, infos }) {
      const scalar = scalars();
      const times = (x: tf.Tensor, factor: number): tf.Tensor => tf.mul(x, scalar(factor));
      const decays = decaying(infos);
      const numbers = advanced(state, Object.keys(grads), rates, ratePower);
      const v = adam
        ? mapTensors(grads, (g, key) =>
            tf.add(times(state.v[key] as tf.Tensor, adam.beta2), times(tf.square(g), 1 - adam.beta2)),
          )
        : {};
      const directions = mapTensors(grads, (g, key) => {
        const second = v[key];
        const correction = adam ? 1 - adam.beta2 ** (numbers.count[key] as number) : 1;
        const plain = second
          ? tf.div(g, tf.add(tf.sqrt(tf.div(second, scalar(correction))), scalar(adam?.epsilon ?? 0)))
          : g;
        return decays.has(key) ? tf.add(plain, times(params[key] as tf.Tensor, weightDecay)) : plain;
      });
      const z = mapTensors(directions, (d, key) => tf.sub(state.z[key] as tf.Tensor, times(d, rates[key] as number)));
      // y ← (1 − c)·y + c·z − γ·(1 − β·(1 − c))·d, without computing x.
      const updates = mapTensors(directions, (d, key) => {
        const c = numbers.share[key] as number;
        const toZ = times(tf.sub(params[key] as tf.Tensor, state.z[key] as tf.Tensor), c);
        return tf.add(toZ, times(d, (rates[key] as number) * (1 - beta * (1 - c))));
      });
      const { count, weights, largestRate } = numbers;
      return { updates, state: { z, v, count, weights, largestRate } };
    },
    evaluationWeights(params, { z }) {
      const scalar = scalars();
      // x = (y − (1 − β)·z) / β. In this form it is exactly y if y equals z.
      return mapTensors(params, (y, key) => {
        const fast = z[key];
        return fast ? tf.add(y, tf.mul(tf.sub(y, fast), scalar(1 / beta - 1))) : y;
      });
    },
  };
}

type Numbers = Pick<ScheduleFreeState, "count" | "weights" | "largestRate">;

/** Returns the numbers after one more step, and the step's share c in the average. The share is 0 while every rate was 0. */
function advanced(
  before: Numbers,
  names: readonly string[],
  rates: { readonly [name: string]: number },
  power: number,
): Numbers & { readonly share: { readonly [name: string]: number } } {
  const byName = (value: (name: string) => number): Record<string, number> =>
    Object.fromEntries(names.map((name) => [name, value(name)]));
  const count = byName((name) => (before.count[name] ?? 0) + 1);
  const largestRate = byName((name) => Math.max(rates[name] as number, before.largestRate[name] ?? 0));
  const weight = (name: string): number => (largestRate[name] as number) ** power;
  const weights = byName((name) => (before.weights[name] ?? 0) + weight(name));
  const share = byName((name) => (weights[name] === 0 ? 0 : weight(name) / (weights[name] as number)));
  return { count, weights, largestRate, share };
}
