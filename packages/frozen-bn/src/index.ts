export { type FoldBatchNormOptions, foldBatchNorm } from "./fold-batch-norm.ts";
export { frozenBatchNorm } from "./frozen-batch-norm.ts";
export type { FrozenBatchNormOptions, FrozenBatchNormPreset, TrainSwitch } from "./frozen-batch-norm-options.ts";
export { plugins } from "./plugins.ts";
export type { InputBatch, InputData } from "./statistics/batches.ts";
export {
  type DomainReport,
  type DomainReportOptions,
  domainReport,
  type LayerShift,
  type StatisticsAdvice,
} from "./statistics/domain-report.ts";
export { formatDomainReport } from "./statistics/format-report.ts";
export type { NormalizeBy } from "./statistics/normalize-by-batch.ts";
export { type RecalibrateOptions, recalibrate } from "./statistics/recalibrate.ts";
export { assertStatisticsUnmoved, type RunningStatistics, readStatistics } from "./statistics/running-statistics.ts";
