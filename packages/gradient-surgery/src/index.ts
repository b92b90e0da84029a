export { type AnchorOptions, type AnchorState, anchor } from "./continual/anchor.ts";
export { type AutoRgn, autoRgn } from "./continual/auto-rgn.ts";
export { type AutoSnr, type AutoSnrOptions, autoSnr } from "./continual/auto-snr.ts";
export { type AverageWithStartOptions, averageWithStart } from "./continual/average-with-start.ts";
export { type DecoupledAnchorOptions, decoupledAnchor } from "./continual/decoupled-anchor.ts";
export { type DriftCapOptions, driftCap } from "./continual/drift-cap.ts";
export { type EwcOptions, type EwcState, ewc } from "./continual/ewc.ts";
export {
  type ExampleMemory,
  type ExampleMemoryOptions,
  exampleMemory,
  type RememberedExamples,
} from "./continual/example-memory.ts";
export { type FisherInformationOptions, fisherInformation } from "./continual/fisher-information.ts";
export { type HostWeights, readWeights } from "./continual/host-weights.ts";
export {
  type KnowledgeGauge,
  type KnowledgeGaugeOptions,
  type KnowledgeReading,
  knowledgeGauge,
} from "./continual/knowledge-gauge.ts";
export type { MeasureGradientsOptions } from "./continual/measure-gradients.ts";
export type { ReferenceOptions } from "./continual/reference.ts";
export { type WiseFt, wiseFt } from "./continual/wise-ft.ts";
export type { WrappedRuleState } from "./continual/wrap-rule.ts";
export { type AGemOptions, aGem } from "./multi-task/a-gem.ts";
export { type AlignedMtlOptions, alignedMtl } from "./multi-task/aligned-mtl.ts";
export { type CagradOptions, cagrad } from "./multi-task/cagrad.ts";
export { type ConFigOptions, conFig } from "./multi-task/con-fig.ts";
export {
  type ConflictReportOptions,
  conflictReport,
  formatConflicts,
  type GradientConflicts,
  watchConflicts,
} from "./multi-task/conflict-report.ts";
export { type DualProjOptions, dualProj } from "./multi-task/dual-proj.ts";
export { type GemOptions, gem } from "./multi-task/gem.ts";
export { type GraddropOptions, graddrop } from "./multi-task/graddrop.ts";
export { type GradvacOptions, type GradvacState, gradvac } from "./multi-task/gradvac.ts";
export { type ImtlGOptions, imtlG } from "./multi-task/imtl-g.ts";
export { type MeanGradientOptions, meanGradient } from "./multi-task/mean-gradient.ts";
export { type MgdaOptions, mgda } from "./multi-task/mgda.ts";
export { type NashMtlOptions, nashMtl } from "./multi-task/nash-mtl.ts";
export { type PcgradOptions, pcgrad } from "./multi-task/pcgrad.ts";
export type { TaskPreference } from "./multi-task/preference.ts";
export { type UpgradOptions, upgrad } from "./multi-task/upgrad.ts";
export { plugins } from "./plugins.ts";
export { type AgcOptions, agc } from "./scaling/agc.ts";
export { centralize } from "./scaling/centralize.ts";
export { type ChildTuningOptions, type ChildTuningState, childTuning } from "./scaling/child-tuning.ts";
export { type ClipByBlockRmsOptions, clipByBlockRms } from "./scaling/clip-by-block-rms.ts";
export { type ClipByGlobalNormOptions, clipByGlobalNorm } from "./scaling/clip-by-global-norm.ts";
export { type ClipByNormOptions, clipByNorm } from "./scaling/clip-by-norm.ts";
export { type ClipByValueOptions, clipByValue } from "./scaling/clip-by-value.ts";
export { type LayerDecayOptions, layerDecay, layerDecayRates } from "./scaling/layer-decay.ts";
export { type LayerDepths, layerDepths } from "./scaling/layer-depths.ts";
export { type LayerScaleOptions, layerScale } from "./scaling/layer-scale.ts";
export {
  type SkipLargeUpdateOptions,
  type SkipLargeUpdateState,
  skipLargeUpdate,
} from "./scaling/skip-large-update.ts";
export { type ZclipOptions, type ZclipState, zclip } from "./scaling/zclip.ts";
