export type { Augment } from "./augment/augment.ts";
export { type ColourOptions, colour } from "./augment/colour.ts";
export { type CropOptions, crop } from "./augment/crop.ts";
export { type FlipOptions, flip } from "./augment/flip.ts";
export { type RotateOptions, rotate } from "./augment/rotate.ts";
export { type ShiftOptions, shift } from "./augment/shift.ts";
export { indexedDbStore } from "./checkpoint/indexed-db-store.ts";
export type { CheckpointOptions } from "./checkpoint/keeper.ts";
export { opfsStore } from "./checkpoint/opfs-store.ts";
export { type CheckpointStore, folderStore } from "./checkpoint/store.ts";
export type { EarlyStoppingOptions } from "./companions/early-stopping.ts";
export type { EmaOptions } from "./companions/ema.ts";
export type { ReduceOnPlateauOptions } from "./companions/reduce-on-plateau.ts";
export { type Columns, DataError, type ExampleData, type TensorData } from "./data/columns.ts";
export type { ArrayData, ArrayExamples, DatasetLike, Element, NamedArrays } from "./data/element.ts";
export type { Data } from "./data/forms.ts";
export type { StreamData, StreamPass } from "./data/stream-data.ts";
export { diffDeltas, stackDeltas, type TensorDifference } from "./delta/combine.ts";
export {
  type ApplyDeltaOptions,
  applyDelta,
  applyDeltaAsync,
  DeltaError,
  type DeltaSource,
  type SaveDeltaOptions,
  saveDelta,
} from "./delta/delta.ts";
export { digest, type Fingerprint, fingerprint } from "./delta/fingerprint.ts";
export { saveWhole } from "./delta/merge.ts";
export { type SavableLayersModel, saveModel } from "./delta/save-model.ts";
export type { FileIo } from "./files/io.ts";
export { FileError, writeFileAtomic } from "./files/write-atomic.ts";
export {
  type FindLearningRateOptions,
  findLearningRate,
  type LearningRateCurve,
} from "./find-learning-rate.ts";
export { type FineTuneResult, fineTune } from "./fine-tune.ts";
export { type FunctionModel, functionTrainee } from "./function/function-trainee.ts";
export type { GraphModelLike } from "./graph/graph-model.ts";
export { type GraphTrainee, type GraphTraineeOptions, graphTrainee } from "./graph/graph-trainee.ts";
export { graphArtifacts } from "./graph/save-graph.ts";
export { type ReplaceHeadOptions, replaceHead } from "./head/replace-head.ts";
export { folderReader, urlReader } from "./load/folder-reader.ts";
export type { H5Wasm } from "./load/h5-file.ts";
export { loadLayersModel, type ReadFile, readModelArtifacts } from "./load/load-folder.ts";
export { loadKerasH5 } from "./load/load-h5.ts";
export { type KerasReaders, loadKeras } from "./load/load-keras.ts";
export { LoadError, type LoadSafetensorsOptions, loadSafetensors } from "./load/load-safetensors.ts";
export type { Loss, LossFunction, LossName } from "./loss/loss.ts";
export { topK } from "./metrics/accuracy.ts";
export type { Metric, MetricName } from "./metrics/metric.ts";
export type { CallableLayer, LayersModelLike, SymbolicLike } from "./model/layers-model.ts";
export type { CutModel, Trainee, TrunkInfo } from "./model/trainee.ts";
export type { TunableModel } from "./model/trainee-of.ts";
export { type GradientNoiseOptions, gradientNoise } from "./noise/gradient-noise.ts";
export type { WeightNoiseOptions } from "./noise/weight-noise.ts";
export { type CsvOptions, csv } from "./observers/csv.ts";
export { type Drift, type DriftOptions, drift } from "./observers/drift.ts";
export { type HtmlReportOptions, htmlReport } from "./observers/html-report.ts";
export { type JsonlOptions, jsonl } from "./observers/jsonl.ts";
export { type ProgressOptions, type ProgressStream, progress } from "./observers/progress.ts";
export type { TextSink } from "./observers/sink.ts";
export { type TensorBoardOptions, tensorBoard } from "./observers/tensorboard/tensorboard.ts";
export { formatPlan } from "./plan/format.ts";
export { type PlanOptions, plan } from "./plan/make-plan.ts";
export type { CacheSize, PhasePrediction, Plan, PlannedCache, Prediction } from "./plan/plan.ts";
export { plugins } from "./plugins.ts";
export { epochOrder } from "./random/epoch-order.ts";
export type { PatchNote } from "./run/assembly.ts";
export { createRunControl, type RunControl } from "./run/control.ts";
export type { GuardOptions } from "./run/guard.ts";
export { HeldError } from "./run/held.ts";
export type { History } from "./run/history.ts";
export type { FineTuneOptions } from "./run/options.ts";
export {
  SafetensorsError,
  type SafetensorsFile,
  type SafetensorsType,
  type StoredTensor,
} from "./safetensors/format.ts";
export { readSafetensors } from "./safetensors/read.ts";
export { tensorOf } from "./safetensors/tensors.ts";
export { writeSafetensors } from "./safetensors/write.ts";
export type { CacheOptions } from "./trunk/cache-options.ts";
export { fineTuneInWorker, type InWorkerOptions, WorkerError, type WorkerRun } from "./worker/in-worker.ts";
export type { WorkerResult } from "./worker/messages.ts";
export type { WorkerPort } from "./worker/port.ts";
export { type BuildRun, serveFineTune } from "./worker/serve.ts";
