export { type AGemOptions, aGem } from "./conflict/a-gem.ts";
export { type AlignedMtlOptions, alignedMtl } from "./conflict/aligned-mtl.ts";
export { type CagradOptions, cagrad } from "./conflict/cagrad.ts";
export { type ConfigOptions, config } from "./conflict/config.ts";
export {
  type ConflictReportOptions,
  type Conflicts,
  conflictReport,
  formatConflicts,
  watchConflicts,
} from "./conflict/conflict-report.ts";
export { type DualProjOptions, dualProj } from "./conflict/dual-proj.ts";
export { type GemOptions, gem } from "./conflict/gem.ts";
export { type GraddropOptions, graddrop } from "./conflict/graddrop.ts";
export { type GradvacOptions, type GradvacState, gradvac } from "./conflict/gradvac.ts";
export { type ImtlGOptions, imtlG } from "./conflict/imtl-g.ts";
export { type MeanOptions, mean } from "./conflict/mean.ts";
export { type MgdaOptions, mgda } from "./conflict/mgda.ts";
export { type NashMtlOptions, nashMtl } from "./conflict/nash-mtl.ts";
export { type PcgradOptions, pcgrad } from "./conflict/pcgrad.ts";
export type { Preference } from "./conflict/preference.ts";
export { type UpgradOptions, upgrad } from "./conflict/upgrad.ts";
export { type AnchorOptions, type AnchorState, anchor } from "./knowledge/anchor.ts";
export type { AroundState } from "./knowledge/around-rule.ts";
export { type AutoRgn, autoRgn } from "./knowledge/auto-rgn.ts";
export { type AutoSnr, type AutoSnrOptions, autoSnr } from "./knowledge/auto-snr.ts";
export { type DecoupledAnchorOptions, decoupledAnchor } from "./knowledge/decoupled-anchor.ts";
export { type DriftCapOptions, driftCap } from "./knowledge/drift-cap.ts";
export { type EwcOptions, type EwcState, ewc } from "./knowledge/ewc.ts";
export {
  type ExampleMemory,
  type ExampleMemoryOptions,
  type Examples,
  exampleMemory,
} from "./knowledge/example-memory.ts";
export { type FisherInformationOptions, fisherInformation } from "./knowledge/fisher-information.ts";
export { type HostWeights, readWeights } from "./knowledge/host-weights.ts";
export {
  type KnowledgeGauge,
  type KnowledgeGaugeOptions,
  type KnowledgeReading,
  knowledgeGauge,
} from "./knowledge/knowledge-gauge.ts";
export type { ProbeOptions } from "./knowledge/probe-gradients.ts";
export type { ReferenceOptions } from "./knowledge/reference.ts";
export { type WiseFt, wiseFt } from "./knowledge/wise-ft.ts";
export { type AgcOptions, agc } from "./magnitude/agc.ts";
export { centralize } from "./magnitude/centralize.ts";
export { type ChildTuningOptions, type ChildTuningState, childTuning } from "./magnitude/child-tuning.ts";
export { type ClipByBlockRmsOptions, clipByBlockRms } from "./magnitude/clip-by-block-rms.ts";
export { type ClipByGlobalNormOptions, clipByGlobalNorm } from "./magnitude/clip-by-global-norm.ts";
export { type ClipByNormOptions, clipByNorm } from "./magnitude/clip-by-norm.ts";
export { type ClipByValueOptions, clipByValue } from "./magnitude/clip-by-value.ts";
export { type GradualUnfreeze, type GradualUnfreezeOptions, gradualUnfreeze } from "./magnitude/gradual-unfreeze.ts";
export { type LayerDecayOptions, layerDecay, layerDecayRates } from "./magnitude/layer-decay.ts";
export { type LayerDepths, layerDepths } from "./magnitude/layer-depths.ts";
export { type LayerScaleOptions, layerScale } from "./magnitude/layer-scale.ts";
export {
  type SkipLargeUpdateOptions,
  type SkipLargeUpdateState,
  skipLargeUpdate,
} from "./magnitude/skip-large-update.ts";
export { type ZclipOptions, type ZclipState, zclip } from "./magnitude/zclip.ts";
export { plugins } from "./plugins.ts";
