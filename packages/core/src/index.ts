export {
  type BackendAdapter,
  type BackendNeed,
  type BackendSession,
  type Capabilities,
  openBackend,
  type Probe,
} from "./backend.ts";
export { type ChainState, chain } from "./chain.ts";
export type { AnyCombiner, Combiner, ElementwiseCombiner, WeighingCombiner } from "./combiner.ts";
export { corePlugins } from "./core-plugins.ts";
export { cpuBackend } from "./cpu-backend.ts";
export { describeParams } from "./describe-params.ts";
export {
  BackendError,
  BackendLostError,
  GraftError,
  list,
  NonFiniteError,
  nearest,
  OptionsError,
  RecipeError,
  SelectionError,
  StateError,
  suggest,
} from "./errors.ts";
export { runFused } from "./fused.ts";
export { gramians } from "./gramian.ts";
export {
  type AnyHook,
  type AnyRule,
  defineHook,
  type OptimizerHook,
  type StepContext,
  stateless,
  type Transformed,
  type UpdateRule,
} from "./hook.ts";
export { type AccumulateOptions, type AccumulateState, accumulate } from "./hooks/accumulate.ts";
export { type AddDecayedWeightsOptions, addDecayedWeights } from "./hooks/add-decayed-weights.ts";
export {
  type ApplyIfFiniteOptions,
  type ApplyIfFiniteState,
  applyIfFinite,
  checkFinite,
  type FiniteReport,
} from "./hooks/apply-if-finite.ts";
export { conditionally, type When } from "./hooks/conditionally.ts";
export { type EmaOptions, type EmaState, ema, swapInEma } from "./hooks/ema.ts";
export { type Labels, partition } from "./hooks/partition.ts";
export { hasProbes, type ProbeState, probe, probeUpdate, readProbes, type VectorProbe } from "./hooks/probe.ts";
export type { LayerLike, LayersLike, WeightLike } from "./layers-like.ts";
export { masked, selectOnce } from "./masked.ts";
export { type NamedParamsOptions, type NamedWeight, namedParams, namedWeights } from "./named-params.ts";
export type { EpochEnd, Observer, RunEnd, RunStart, StepEnd } from "./observer.ts";
export { HookedOptimizer, type HookedOptimizerOptions, type OptimizerState } from "./optimizer.ts";
export { assertOptions, type OptionSchema, type OptionsSchema, optionsSchema } from "./options.ts";
export type { Param, ParamInfo } from "./params.ts";
export type { ModelPatch, PatchHandle } from "./patch.ts";
export {
  type Constraints,
  definePlugin,
  type LazyPlugin,
  type Nests,
  type Plugin,
  type PluginKind,
  type PluginKinds,
  type PluginOf,
} from "./plugin.ts";
export type { RateMultiplier } from "./rates.ts";
export type { JsonSelector, Recipe, Resolved, Use } from "./recipe.ts";
export { recordKernels } from "./record-kernels.ts";
export { type AliasOptions, alias } from "./registry/alias.ts";
export type { Entry } from "./registry/entries.ts";
export { brokenConstraints, type Constrained } from "./registry/constraints.ts";
export type { JsonSchema } from "./registry/json-schema.ts";
export { createRegistry, type Listing, type Registry } from "./registry/registry.ts";
export { type AdamOptions, type AdamState, type AdamWOptions, adam, adamw } from "./rules/adam.ts";
export { type DecoupledWeightDecayOptions, decoupledWeightDecay } from "./rules/decoupled-weight-decay.ts";
export { descend } from "./rules/descend.ts";
export { type SgdOptions, type SgdState, sgd } from "./rules/sgd.ts";
export { runOnBackends } from "./run-on-backends.ts";
export { rateAt, type Schedule } from "./schedule.ts";
export { type ConstantOptions, constant } from "./schedules/constant.ts";
export { type CosineOptions, cosine } from "./schedules/cosine.ts";
export { type ExponentialOptions, exponential } from "./schedules/exponential.ts";
export { type LinearOptions, linear } from "./schedules/linear.ts";
export { type OneCycleOptions, oneCycle } from "./schedules/one-cycle.ts";
export { type PiecewiseOptions, piecewise } from "./schedules/piecewise.ts";
export { type PolynomialOptions, polynomial } from "./schedules/polynomial.ts";
export { type StepOptions, step } from "./schedules/step.ts";
export { type WarmupOptions, warmup } from "./schedules/warmup.ts";
export { type WarmupCosineOptions, warmupCosine } from "./schedules/warmup-cosine.ts";
export { pick, type Select, type Selector, type SelectSpec } from "./select.ts";
export type { SchemaIssue, StandardSchema } from "./standard-schema.ts";
export { loadState, type SavedState, saveState, type TensorSpec } from "./state.ts";
export { registerHookedOptimizer, StoredOptimizer } from "./stored-optimizer.ts";
export { disposeGradients, type TaskGradients, type TaskLosses, taskGradients } from "./task-gradients.ts";
export { type TaskTrainer, type TaskTrainerOptions, taskTrainer } from "./tasks.ts";
export { missingTrainingKernels } from "./training-kernels.ts";
export {
  mapTensors,
  mapTree,
  type StateTree,
  type TensorMap,
  type VariableMap,
  visitTensors,
  zerosLike,
} from "./tree.ts";
export { CORE_VERSION } from "./version.ts";
export type { Weights } from "./weights.ts";
