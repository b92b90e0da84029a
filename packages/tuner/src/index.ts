// A run: its options, its start and its result.

export { type FindLearningRateOptions, findLearningRate, type LearningRateCurve } from "./find-learning-rate.ts";
export type { RateEstimates } from "./learning-rates/estimates.ts";
export { type FineTuneResult, fineTune } from "./fine-tune.ts";
export { type FineTuneOptions, fineTuneOptions } from "./options/fine-tune-options.ts";
export type { GuardOptions } from "./options/guard-options.ts";
export { createRunControl, type RunControl } from "./options/run-control.ts";
export { plugins } from "./plugins.ts";

// The plan of a run, before it begins.

export { describeParams } from "./plan/describe-params.ts";
export { formatPlan } from "./plan/format-plan.ts";
export type { CacheSize, PhasePrediction, Plan, PlannedCache, Prediction } from "./plan/plan.ts";
export { type PlanOptions, planFineTune } from "./plan/plan-fine-tune.ts";

// Several processes or workers that train together.

export type { Collective } from "./parallel/collective.ts";

// Corrections of tfjs for a training loop of one's own.

export { correctModel } from "./corrections/correct-model.ts";

// Models that can be tuned: adapters, loading, new heads, saving.

export type { TunableModel } from "./models/adapt-model.ts";
export type { CutModel, ModelAdapter, TrunkInfo } from "./models/adapter/model-adapter.ts";
export { type Fingerprint, fingerprint, fingerprintDigest } from "./models/fingerprint.ts";
export { graphModelFormat } from "./models/formats/graph-model.ts";
export { kerasFormat, kerasH5Format, layersModelFormat } from "./models/formats/layers-model.ts";
export { type LoadModelOptions, loadModel, type ReadModel } from "./models/formats/load-model.ts";
export type { ModelSource } from "./models/load/model-source.ts";
export type { LoadedModel, ModelFile, ModelFormat } from "./models/formats/model-format.ts";
export { type SafetensorsFormatOptions, safetensorsFormat } from "./models/formats/safetensors.ts";
export { type FunctionModel, functionAdapter } from "./models/function/function-adapter.ts";
export type { GraphModelLike } from "./models/graph/graph-model.ts";
export {
  type GraphModelAdapter,
  type GraphModelAdapterOptions,
  graphModelAdapter,
} from "./models/graph/graph-model-adapter.ts";
export { type ExtendHeadOptions, extendHead } from "./models/head/extend-head.ts";
export { headFeatures } from "./models/head/head-features.ts";
export { type NearestClassMean, nearestClassMean } from "./models/head/nearest-class-mean.ts";
export type { HeadExamples } from "./models/head/imprinted-columns.ts";
export { replaceGraphHead } from "./models/head/replace-graph-head.ts";
export { type ReplaceHeadOptions, replaceHead } from "./models/head/replace-head.ts";
export { registerKerasLayers } from "./models/keras/layers/register.ts";
export type { CallableLayer, LayersModelLike, SymbolicLike } from "./models/layers/layers-model.ts";
export { folderReader, urlReader } from "./models/load/folder-reader.ts";
export type { H5Wasm } from "./models/load/h5-file.ts";
export { loadLayersModel, type ReadFile, readModelArtifacts } from "./models/load/load-folder.ts";
export { loadKerasH5 } from "./models/load/load-h5.ts";
export { type KerasReaders, loadKeras } from "./models/load/load-keras.ts";
export type { LoadLimits } from "./models/load/load-limits.ts";
export { type H5Values, readH5 } from "./models/load/read-h5.ts";
export { LoadError } from "./files/load-error.ts";
export { type LoadSafetensorsOptions, loadSafetensors } from "./models/load/load-safetensors.ts";
export { graphArtifacts } from "./models/save/graph-artifacts.ts";
export { cardOf, type ModelCard, readModelCard } from "./models/save/model-card.ts";
export { type SavableLayersModel, type SaveModelOptions, saveModel } from "./models/save/save-model.ts";
export { type KerasWriters, saveKeras } from "./models/save/save-keras.ts";
export { KerasWriteError } from "./models/save/keras/keras-write-error.ts";
export { saveWhole } from "./models/save/save-whole.ts";

// The data path: sources, streams, augmentation, order, the cache of the trunk's outputs.

export type { CacheOptions } from "./pipeline/cache/cache-options.ts";
export { epochOrder } from "./pipeline/order/epoch-order.ts";
export { ModelBusyError, ModelDisposedError } from "./models/claim-model.ts";
export { DataError } from "./pipeline/data-error.ts";
export { type HeldOut, type HoldOutOptions, holdOut } from "./pipeline/source/hold-out.ts";
export type { Columns, ExampleData, TensorData } from "./pipeline/source/columns.ts";
export type { ArrayData, ArrayExamples, DatasetLike, Element, NamedArrays } from "./pipeline/source/element.ts";
export type { Data } from "./pipeline/stream/data.ts";
export type { DataContext, DataPort, DataSource, ReadRunData, RunData } from "./pipeline/stream/data-source.ts";
export type { InputReader, InputReaderUse } from "./pipeline/stream/input-reader.ts";
export type { StreamData, StreamPass } from "./pipeline/stream/stream-data.ts";
export type { Augment } from "./pipeline/views/augment.ts";
export { type ColourOptions, colour } from "./pipeline/views/colour.ts";
export { type CropOptions, crop } from "./pipeline/views/crop.ts";
export { type EraseOptions, erase } from "./pipeline/views/erase.ts";
export { type FlipOptions, flip } from "./pipeline/views/flip.ts";
export { type RotateOptions, rotate } from "./pipeline/views/rotate.ts";
export { type ShiftOptions, shift } from "./pipeline/views/shift.ts";

// Losses, metrics, noise and sharpness.

export type { Loss, LossDefinition, LossFunction } from "./losses/loss.ts";
export { categoricalFocalCrossentropy, type FocalOptions } from "./losses/focal.ts";
export type { LossName } from "./losses/losses.ts";
export { type TopKOptions, topK } from "./metrics/accuracy.ts";
export type { Metric } from "./metrics/metric.ts";
export type { MetricName } from "./metrics/metrics.ts";
export { type GradientNoiseOptions, gradientNoise } from "./noise/gradient-noise.ts";
export type { WeightNoiseOptions } from "./noise/weight-noise.ts";
export type { SamOptions } from "./sharpness/sam.ts";

// The training loop.

export type { PatchNote } from "./loop/assembly/assembly.ts";
export type { History } from "./loop/evaluate/history.ts";
export { FrozenStatisticsError } from "./loop/safety/frozen-statistics.ts";

// Callbacks and checkpoints.

export { type EarlyStoppingOptions, earlyStopping } from "./callbacks/early-stopping.ts";
export { type EmaOptions, emaWeights } from "./callbacks/ema-weights.ts";
export { type ReduceOnPlateauOptions, reduceOnPlateau } from "./callbacks/reduce-on-plateau.ts";
export type { CheckpointOptions } from "./checkpoint/checkpoint-options.ts";

// Deltas: the trained difference to a base model.

export { diffDeltas, stackDeltas, type TensorDifference } from "./delta/combine.ts";
export {
  type ApplyDeltaOptions,
  applyDelta,
  applyDeltaAsync,
  DeltaError,
  type DeltaSource,
  readDeltaCard,
  type SaveDeltaOptions,
  saveDelta,
} from "./delta/delta.ts";
export { averageDeltas, greedySoup, type Soup } from "./delta/soup.ts";

// Observers.

export { type CsvOptions, csv } from "./observers/csv.ts";
export { type Drift, type DriftOptions, drift } from "./observers/drift.ts";
export { type HtmlReportOptions, htmlReport } from "./observers/html-report/html-report.ts";
export type { PictureRow, ReportPicture } from "./observers/html-report/picture-rows.ts";
export { type JsonlOptions, jsonl } from "./observers/jsonl.ts";
export { type ProgressOptions, type ProgressStream, progress } from "./observers/progress.ts";
export type { TextSink } from "./observers/sink.ts";
export { type TensorBoardOptions, tensorBoard } from "./observers/tensorboard/tensorboard.ts";

// Files, stores and safetensors.

export type { FileIo } from "./files/io.ts";
export {
  SafetensorsError,
  type SafetensorsFile,
  type SafetensorsType,
  type StoredTensor,
} from "./files/safetensors/format.ts";
export { readSafetensors } from "./files/safetensors/read.ts";
export { tensorOf } from "./files/safetensors/tensors.ts";
export { writeSafetensors } from "./files/safetensors/write.ts";
export { indexedDbStore } from "./files/stores/indexed-db-store.ts";
export { opfsStore } from "./files/stores/opfs-store.ts";
export { type CheckpointStore, folderStore } from "./files/stores/store.ts";
export { FileError, writeFileAtomic } from "./files/write-atomic.ts";

// Runs in a worker.

export { fineTuneInWorker, type InWorkerOptions, WorkerError, type WorkerRun } from "./worker/in-worker.ts";
export type { WorkerResult } from "./worker/messages.ts";
export type { WorkerPort } from "./worker/port.ts";
export { type BuildRun, serveFineTune } from "./worker/serve.ts";
