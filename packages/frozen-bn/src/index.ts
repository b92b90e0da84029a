export type { Batch, Data } from "./batches.ts";
export {
  type Advice,
  type DomainReport,
  type DomainReportOptions,
  domainReport,
  type LayerShift,
} from "./domain-report.ts";
export { type FoldBatchNormOptions, foldBatchNorm } from "./fold-batch-norm.ts";
export { formatDomainReport } from "./format-report.ts";
export { frozenBatchNorm } from "./frozen-batch-norm.ts";
export type { FrozenBatchNormOptions, NormalizeBy, Preset, Trains } from "./options.ts";
export { plugins } from "./plugin.ts";
export { type RecalibrateOptions, recalibrate } from "./recalibrate.ts";
export { assertStatisticsUnmoved, type Statistics, statisticsOf } from "./statistics.ts";
