// Code that must not compile. `tsc` checks this file: a line below `@ts-expect-error` that does compile is an error.

import type { Recipe } from "@graftjs/registry";
import { addDecayedWeights, conditionally, ema, partition, updateStats } from "@graftjs/transforms";
import {
  adam,
  chain,
  defineHook,
  definePlugin,
  HookedOptimizer,
  masked,
  type Param,
  sgd,
  stateless,
  type TensorMap,
  type WeighingCombiner,
} from "../src/index.ts";

declare const params: readonly Param[];
declare const combiner: WeighingCombiner;
const hook = stateless("hook", (grads) => grads);
const rule = sgd();
const learningRate = 0.1;

// Code that compiles.
new HookedOptimizer({ params, hooks: [hook, masked(ema(), "head")], rule, learningRate });
new HookedOptimizer({ params, rule: adam(), learningRate: (step) => 1 / (step + 1) });

// A rule among the hooks: raw gradients would be scaled twice.
// @ts-expect-error
new HookedOptimizer({ params, hooks: [rule], rule, learningRate });
// @ts-expect-error
chain(rule);
// A hook as the rule: nothing would turn the gradient into an update.
// @ts-expect-error
new HookedOptimizer({ params, rule: hook, learningRate });
// A masked rule: outside the mask raw gradients would be subtracted.
// @ts-expect-error
masked(rule, "head");
// The same through other wrappers.
// @ts-expect-error
conditionally(rule, { every: 2 });
// @ts-expect-error
partition({ a: rule }, () => "a");
// A hook in place of the wrapped rule.
// @ts-expect-error
updateStats(hook);
// A combiner among the hooks: hooks see only one gradient.
// @ts-expect-error
new HookedOptimizer({ params, hooks: [combiner], rule, learningRate });
// Options that do not exist, are of the wrong type, or are missing.
// @ts-expect-error
sgd({ momentun: 0.9 });
// @ts-expect-error
adam({ beta1: "0.9" });
// @ts-expect-error
addDecayedWeights({});
// Neither parameters nor a rate.
// @ts-expect-error
new HookedOptimizer({ rule, learningRate });
// @ts-expect-error
new HookedOptimizer({ params, rule });
// A hook that forgets its state, or returns a Map (tf.tidy frees tensors in Maps).
// @ts-expect-error
defineHook({ name: "no state", init: () => ({ v: 1 }), transform: (grads) => ({ grads }) });
// @ts-expect-error
defineHook({ name: "map", init: () => null, transform: (_grads, state) => ({ grads: new Map(), state }) });
// A hook that changes its inputs.
// @ts-expect-error
stateless("writes", (grads: TensorMap) => void delete grads.a);
// Functions in the state: a checkpoint is data.
// @ts-expect-error
defineHook({ name: "closure", init: () => ({ f: () => 1 }), transform: (grads, state) => ({ grads, state }) });
// A kind that nobody has declared, and a plugin whose `create` returns another kind.
// @ts-expect-error
definePlugin({ kind: "hooks", name: "a", description: "a", create: () => hook });
// @ts-expect-error
definePlugin({ kind: "rule", name: "a", description: "a", create: () => hook });
// A recipe without a rule; a function in a recipe's selector.
// @ts-expect-error
export const noRule: Recipe = { learningRate: 0.1 };
// @ts-expect-error
export const notJson: Recipe = { rule: "sgd", learningRate: 0.1, trainable: () => true };
