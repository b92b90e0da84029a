// The public names, by folder, in reading order: see docs/architecture.md.

// errors, and how messages name things
export { BackendError, BackendLostError, GraftError, NonFiniteError, OptionsError, RecipeError } from "./errors.ts";
export { didYouMean, formatNames, nearestNames, SelectionError, StateError } from "./errors.ts";

// params: names, selectors, layers
export { decayedNames, decaysByDefault, selectOnce } from "./params/compiled-selectors.ts";
export { l2Norm } from "./params/l2-norm.ts";
export type { LayerLike, LayersLike, WeightLike } from "./params/layers-like.ts";
export { type NamedParamsOptions, type NamedWeight, namedParams, namedWeights } from "./params/named-params.ts";
export { isTrained, type Param, type ParamInfo } from "./params/params.ts";
export { matcher, type Select, type Selector, type SelectSpec, selectParams } from "./params/select.ts";
export { inOrder, mapTensors, type TensorMap, type VariableMap, zerosLike } from "./params/tensor-map.ts";
export { innerLayers, layerPath, type PlacedLayer, walkLayers } from "./params/walk-layers.ts";

// state: the memory of hooks and rules, saved and loaded
export { type Random, seeded } from "./state/seeded.ts";
export { loadState, type SavedState, type StatefulOptimizer, saveState, type TensorSpec } from "./state/state.ts";
export { hasStats, readStats, type StepStats } from "./state/step-stats.ts";
export { registerHookedOptimizer, StoredOptimizer } from "./state/stored-optimizer.ts";
export { mapTree, type StateTree, visitTensors } from "./state/tree.ts";
export type { Weights } from "./state/weights.ts";

// step: hooks, the rule, and the optimizer that runs them
export { type ChainState, chain } from "./step/chain.ts";
export type { OptimizerState } from "./step/compose.ts";
export type { AnyHook, AnyRule, OptimizerHook, Ruled, StepContext, Transformed, UpdateRule } from "./step/hook.ts";
export { defineHook, stateless } from "./step/hook.ts";
export { masked } from "./step/masked.ts";
export { HookedOptimizer, type HookedOptimizerOptions } from "./step/optimizer.ts";
export type { RateMultiplier } from "./step/rates.ts";
export { scalars } from "./step/scalars.ts";
export { rateAt, type Schedule } from "./step/schedule.ts";

// kinds: the parts that a third party may write
export type { Availability, BackendAdapter, BackendSession, Capabilities } from "./kinds/backend.ts";
export type { Callback, CallbackRun, CallbackState } from "./kinds/callback.ts";
export type { AnyCombiner, Combiner, ElementwiseCombiner, WeighingCombiner } from "./kinds/combiner.ts";
export { brokenConstraints, type Constrained, type Constraints } from "./kinds/constraints.ts";
export { type FusedKernels, type Kernels, runFused, type TrustAttributes } from "./kinds/fused-kernels.ts";
export type { EpochEnd, Observer, RunEnd, RunStart, StepEnd } from "./kinds/observer.ts";
export { type OptionSchema, type OptionsSchema, optionsSchema, type Parsed } from "./kinds/options.ts";
export type { CallableLayer, CallOptions, LayerCall } from "./kinds/override-call.ts";
export { onlyTensor, overrideCall } from "./kinds/override-call.ts";
export type { ModelPatch, PatchHandle } from "./kinds/patch.ts";
export { definePlugin, type Plugin, type PluginKind, type PluginKinds, type PluginOf } from "./kinds/plugin.ts";
export type { SchemaIssue, StandardSchema } from "./kinds/standard-schema.ts";

// rules
export { type AdamOptions, type AdamState, type AdamWOptions, adam, adamw } from "./rules/adam.ts";
export { gradientDescent } from "./rules/gradient-descent.ts";
export { type SgdOptions, type SgdState, sgd } from "./rules/sgd.ts";

// tasks: several losses per step
export { assertFiniteTasks } from "./tasks/finite-tasks.ts";
export { gramians } from "./tasks/gramian.ts";
export { disposeGradients, type TaskGradients, type TaskLosses, taskGradients } from "./tasks/task-gradients.ts";
export { type TaskTrainer, type TaskTrainerOptions, taskTrainer } from "./tasks/tasks.ts";

// for a registry
export { plugins } from "./plugins.ts";
