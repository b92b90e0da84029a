// The folders in reading order: see docs/architecture.md.

// errors, and how messages name things
export * from "./errors.ts";

// params: names, selectors, layers
export { decayedNames, decaysByDefault, selectOnce } from "./params/compiled-selectors.ts";
export { l2Norm } from "./params/l2-norm.ts";
export * from "./params/layers-like.ts";
export * from "./params/named-params.ts";
export { isTrained, type Param, type ParamInfo } from "./params/params.ts";
export * from "./params/select.ts";
export * from "./params/tensor-map.ts";
export * from "./params/walk-layers.ts";

// state: the memory of hooks and rules, saved and loaded
export * from "./state/seeded.ts";
export { loadState, type SavedState, type StatefulOptimizer, saveState, type TensorSpec } from "./state/state.ts";
export * from "./state/step-stats.ts";
export * from "./state/stored-optimizer.ts";
export { mapTree, type StateTree, visitTensors } from "./state/tree.ts";
export type { Weights } from "./state/weights.ts";

// step: hooks, the rule, and the optimizer that runs them
export * from "./step/chain.ts";
export type { OptimizerState } from "./step/compose.ts";
export * from "./step/hook.ts";
export * from "./step/masked.ts";
export * from "./step/optimizer.ts";
export type { RateMultiplier } from "./step/rates.ts";
export * from "./step/scalars.ts";
export * from "./step/schedule.ts";

// kinds: the parts that a third party may write
export type * from "./kinds/backend.ts";
export type * from "./kinds/callback.ts";
export type * from "./kinds/combiner.ts";
export * from "./kinds/constraints.ts";
export * from "./kinds/fused-kernels.ts";
export type * from "./kinds/observer.ts";
export * from "./kinds/options.ts";
export * from "./kinds/override-call.ts";
export type * from "./kinds/patch.ts";
export * from "./kinds/plugin.ts";
export type * from "./kinds/standard-schema.ts";

// rules
export { type AdamOptions, type AdamState, type AdamWOptions, adam, adamw } from "./rules/adam.ts";
export { gradientDescent } from "./rules/gradient-descent.ts";
export { type SgdOptions, type SgdState, sgd } from "./rules/sgd.ts";

// tasks: several losses per step
export { assertFiniteTasks } from "./tasks/finite-tasks.ts";
export { gramians } from "./tasks/gramian.ts";
export * from "./tasks/task-gradients.ts";
export * from "./tasks/tasks.ts";

// for a registry
export { plugins } from "./plugins.ts";
