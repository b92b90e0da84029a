import {
  accumulate,
  addDecayedWeights,
  applyIfFinite,
  conditionally,
  decoupledWeightDecay,
  ema,
  gradientStats,
  partition,
  updateStats,
} from "@graftjs/transforms";
import * as tf from "@tensorflow/tfjs-core";
import {
  type AnyHook,
  type AnyRule,
  adam,
  adamw,
  gradientDescent,
  mapTensors,
  masked,
  sgd,
  stateless,
} from "../src/index.ts";

/** Every hook of core at once, around parameters `hidden/*` and `head/*`. */
export function everyHook(): AnyHook[] {
  const half = stateless("half", (grads) => mapTensors(grads, (g) => tf.mul(g, 0.5)));
  return [
    accumulate(2),
    gradientStats("raw"),
    applyIfFinite({ policy: "skip" }),
    addDecayedWeights({ weightDecay: 0.01 }),
    masked(half, "**/bias"),
    conditionally(gradientStats("seldom"), { every: 3 }),
    partition({ a: { ...half, name: "slow" }, b: ema({ decay: 0.5 }) }, { a: "hidden", b: "**" }),
    ema(),
  ];
}

/** Every rule of core, by name. */
export const everyRule: Readonly<Record<string, () => AnyRule>> = {
  sgd: () => sgd(),
  momentum: () => sgd({ momentum: 0.9, nesterov: true, dampening: 0.1, rateInVelocity: true }),
  adam: () => adam(),
  adamw: () => adamw(),
  descend: () => gradientDescent(),
  "decoupled, probed": () => updateStats(decoupledWeightDecay(sgd({ momentum: 0.9 }), { weightDecay: 0.1 })),
};
