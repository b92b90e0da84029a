import * as tf from "@tensorflow/tfjs-core";
import { runFused } from "../kinds/fused-kernels.ts";
import { type OptionsSchema, optionsSchema } from "../kinds/options.ts";
import { inOrder, mapTensors, type TensorMap, zerosLike } from "../params/tensor-map.ts";
import type { UpdateRule } from "../step/hook.ts";
import { scalars } from "../step/scalars.ts";

export interface SgdOptions {
  /** Share of the velocity that is kept per step, in [0, 1). With 0 the rule keeps no state. @default 0 */
  readonly momentum?: number;
  /** Share of the gradient kept out of the velocity, in [0, 1). The first step takes the whole gradient, as in PyTorch. @default 0 */
  readonly dampening?: number;
  /** Whether to use Nesterov's look-ahead. @default false */
  readonly nesterov?: boolean;
  /**
   * Whether the rate enters the velocity. `false`: w ← w − γ·v (PyTorch, tfjs, optax). `true`: v ← m·v + γ·g, w ← w − v
   * (Caffe, the LARS paper). The two differ as soon as the rate changes. @default false
   */
  readonly rateInVelocity?: boolean;
}

export type SgdState = { readonly velocity: TensorMap };

const share = { type: "number", minimum: 0, exclusiveMaximum: 1, default: 0 } as const;

export const sgdOptions: OptionsSchema<SgdOptions, keyof SgdOptions> = optionsSchema<SgdOptions, keyof SgdOptions>({
  momentum: { ...share, description: "Share of the velocity that is kept" },
  dampening: { ...share, description: "Share of the gradient kept out of the velocity" },
  nesterov: { type: "boolean", default: false, description: "Look ahead along the velocity" },
  rateInVelocity: { type: "boolean", default: false, description: "The rate enters the velocity, not the update" },
});

/**
 * Stochastic gradient descent with optional momentum: v ← m·v + (1−τ)·g, w ← w − γ·v (Sutskever et al. 2013; torch.optim.SGD).
 *
 * State: one tensor per parameter, none without momentum.
 * @throws OptionsError if an option is out of range or unknown.
 */
export function sgd(options: SgdOptions = {}): UpdateRule<SgdState> {
  const { momentum, dampening, nesterov, rateInVelocity } = sgdOptions.parse("sgd", options);
  const first = (velocity: TensorMap, name: string): boolean => !velocity[name];
  return {
    name: "sgd",
    terminal: true,
    // Empty on purpose: a missing velocity marks a parameter's first step.
    init: () => ({ velocity: {} }),
    transform(grads, { velocity }, { rates }) {
      const scalar = scalars();
      const rate = (name: string): number => rates[name] as number;
      const times = (x: tf.Tensor, factor: number): tf.Tensor => (factor === 1 ? x : tf.mul(x, scalar(factor)));
      if (momentum === 0) return { updates: mapTensors(grads, (g, name) => times(g, rate(name))), state: { velocity } };
      const scaled = (g: tf.Tensor, name: string): tf.Tensor => (rateInVelocity ? times(g, rate(name)) : g);
      const next = mapTensors(grads, (g, name) => {
        const before = velocity[name];
        if (!before) return rateInVelocity ? times(g, rate(name) * (1 - dampening)) : g;
        const share = (1 - dampening) * (rateInVelocity ? rate(name) : 1);
        const [kept, added] = [times(before, momentum), times(g, share)];
        const v = tf.add(kept, added);
        for (const part of [kept, added]) if (part !== before && part !== g) part.dispose();
        return v;
      });
      const updates = mapTensors(next, (v, name) => {
        const ahead = nesterov ? tf.add(scaled(grads[name] as tf.Tensor, name), times(v, momentum)) : v;
        return rateInVelocity ? ahead : times(ahead, rate(name));
      });
      return { updates, state: { velocity: next } };
    },
    applyFused(variables, grads, { velocity }, { rates }) {
      const names = Object.keys(variables);
      const slots = momentum === 0 ? {} : { ...zerosLike(missing(variables, velocity)), ...velocity };
      const ran = runFused("GraftSgd", {
        variables: inOrder(names, variables),
        grads: inOrder(names, grads),
        velocities: momentum === 0 ? [] : inOrder(names, slots as TensorMap),
        learningRates: inOrder(names, rates),
        first: names.map((name) => first(velocity, name)),
        momentum,
        dampening,
        nesterov,
        rateInVelocity,
      });
      return ran ? { state: { velocity: slots } } : undefined;
    },
  };
}

function missing(params: TensorMap, slots: TensorMap): TensorMap {
  return Object.fromEntries(Object.entries(params).filter(([name]) => !slots[name]));
}
