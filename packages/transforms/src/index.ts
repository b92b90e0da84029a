// hooks
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
export { gradientStats, updateStats } from "./hooks/gradient-stats.ts";
export { type Labels, partition } from "./hooks/partition.ts";
// for a registry
export { plugins } from "./plugins.ts";
// rules
export { type Averaging, swapInAverage } from "./rules/evaluation-weights.ts";
export { type RmspropOptions, type RmspropState, rmsprop } from "./rules/rmsprop.ts";
export {
  type ScheduleFreeAdamwOptions,
  type ScheduleFreeRule,
  type ScheduleFreeSgdOptions,
  type ScheduleFreeState,
  scheduleFreeAdamw,
  scheduleFreeSgd,
} from "./rules/schedule-free.ts";

// rules around other rules
export { type DecoupledWeightDecayOptions, decoupledWeightDecay } from "./rules/decoupled-weight-decay.ts";
export { type UpdateIfFiniteState, updateIfFinite } from "./rules/update-if-finite.ts";

// schedules
export { type ConstantOptions, constant } from "./schedules/constant.ts";
export { type CosineOptions, cosine } from "./schedules/cosine.ts";
export { type ExponentialOptions, exponential } from "./schedules/exponential.ts";
export { type LinearOptions, linear } from "./schedules/linear.ts";
export { type OneCycleOptions, oneCycle } from "./schedules/one-cycle.ts";
export { type PiecewiseOptions, piecewise } from "./schedules/piecewise.ts";
export { type PolynomialOptions, polynomial } from "./schedules/polynomial.ts";
export { type SequenceOptions, type SequencePart, sequence } from "./schedules/sequence.ts";
export { isSized, type SizedSchedule } from "./schedules/sized.ts";
export { type StepDecayOptions, stepDecay } from "./schedules/step-decay.ts";
export { type WarmupOptions, warmup } from "./schedules/warmup.ts";
export { type WarmupCosineOptions, warmupCosine } from "./schedules/warmup-cosine.ts";
