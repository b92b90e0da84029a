import type { Plugin } from "@graftjs/core";
import type { Assembly, PatchNote } from "../loop/assembly/assembly.ts";
import type { Phase } from "../loop/assembly/phases.ts";
import type { CutModel, TrunkInfo } from "../models/adapter/model-adapter.ts";
import type { FineTuneOptions } from "../options/fine-tune-options.ts";
import { conflictsOf } from "./conflicts.ts";

/** What a run will do, as plain data. */
export interface Plan {
  readonly model: string;
  readonly parameters: {
    readonly total: number;
    readonly trained: number;
    readonly totalBytes: number;
    readonly trainedBytes: number;
    /** Names of the trained parameters, in the model's order. */
    readonly names: readonly string[];
  };
  readonly patches: readonly PatchNote[];
  readonly hooks: readonly string[];
  readonly rule: string;
  /** What runs once an example; `layers` is 0 where nothing can. */
  readonly trunk: TrunkInfo;
  readonly cache: PlannedCache;
  /**
   * What the tape holds of a batch at least, from shapes alone: one output a layer behind the cut. Undefined where shapes are
   * open and for models without layers. Ops within a layer keep more: `predicted.tapeBytes` is measured.
   */
  readonly tape: { readonly bytes: number | undefined };
  readonly examples: number;
  readonly validationExamples: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  readonly steps: number;
  /** Kernels that this model's training calls and the current backend lacks: tried in the probe steps, without them told by its layers. */
  readonly missingKernels: readonly string[];
  readonly warnings: readonly string[];
  /** Options that are each allowed and work against each other; of hooks and rule, what their plugins say of each other. */
  readonly conflicts: readonly string[];
  /** After two probe steps; absent without them. */
  readonly predicted?: Prediction;
}

/** Where the trunk's outputs go. Of several phases, those of the largest. */
export interface PlannedCache extends CacheSize {
  /** "files": kept in a folder or store; what of it stands in memory during the run is `memoryBytes`. */
  readonly kind: "memory" | "files" | "none";
}

export interface CacheSize {
  /** All of it, labels of a stream included. */
  readonly bytes: number;
  /** What of it is in host memory at once: all, but for a stream whose outputs are kept in files. */
  readonly memoryBytes: number;
}

/** What the probe steps promise of the run. */
export interface Prediction {
  /** The trunk's passes over all examples, one a phase; 0 where nothing is cached. */
  readonly trunkSeconds: number;
  /** Mean over the run's epochs, validation and what is computed anew for every batch included. */
  readonly epochSeconds: number;
  /**
   * Most bytes of tensors alive at once in any phase, as `peakBytes` of the result: data, model, slots, averages, tape, backward pass,
   * update, trunk and validation. Copies on the host (the cache, checkpoints, best weights, snapshots) and what the backend takes within a
   * kernel are not in it.
   */
  readonly peakBytes: number;
  /** What the tape holds of that. */
  readonly tapeBytes: number;
  /** The same by phase, in order: one, and one more for every `unfreeze`. */
  readonly phases: readonly PhasePrediction[];
  /** The limit that was given, and whether tensors and what the cache has in memory stay under it. */
  readonly limit?: number;
  readonly fits?: boolean;
}

export interface PhasePrediction {
  /** First epoch, from 0. */
  readonly from: number;
  readonly trunkSeconds: number;
  readonly epochSeconds: number;
  readonly peakBytes: number;
  readonly tapeBytes: number;
}

/** The plan of a run that is put together. */
export function describe(
  assembly: Assembly,
  options: FineTuneOptions,
  cacheSize: CacheSize,
  missingKernels: readonly string[] = [],
  plugins: readonly Plugin[] = [],
): Plan {
  const { adapter, all, params, patches, train, validation, batchSize, stepsPerEpoch } = assembly;
  const { cut } = assembly.phases[0] as Phase;
  const { cache = "memory", epochs } = options;
  const filed = typeof cache === "object" && cache.store !== undefined;
  const size = (list: readonly { readonly shape: readonly number[] }[]): number =>
    list.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return {
    model: adapter.name,
    parameters: {
      total: size(all),
      trained: size(params),
      totalBytes: size(all) * 4,
      trainedBytes: size(params) * 4,
      names: params.map(({ name }) => name),
    },
    patches,
    hooks: assembly.optimizer.hooks.map(({ name }) => name),
    rule: assembly.optimizer.rule.name,
    trunk: cut.trunk,
    cache: { kind: cacheSize.bytes === 0 ? "none" : filed ? "files" : "memory", ...cacheSize },
    tape: { bytes: cut.tail.bytes === undefined ? undefined : cut.tail.bytes * batchSize },
    examples: train.size,
    validationExamples: validation?.size ?? 0,
    epochs,
    batchSize,
    stepsPerEpoch,
    steps: stepsPerEpoch * epochs,
    missingKernels,
    warnings: warningsOf(cut),
    conflicts: conflictsOf(assembly, options, plugins),
  };
}

function warningsOf(cut: CutModel): string[] {
  const moving = cut.trunk.stops.filter(({ why }) => why === "batch norm in batch mode");
  const warnings: string[] = [];
  if (moving.length > 0) {
    warnings.push(
      `${moving.length} batch norm layer(s) end the trunk because their statistics move, \`${moving[0]?.path}\` first: the patch frozen-bn holds them.`,
    );
  }
  return warnings;
}
