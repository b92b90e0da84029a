import type { Plugin } from "@graftjs/core";
import type { Assembly, PatchNote } from "../loop/assembly/assembly.ts";
import type { Phase } from "../loop/assembly/phases.ts";
import type { CutModel, TrunkInfo } from "../models/adapter/model-adapter.ts";
import { conflictsOf } from "./conflicts.ts";

/** The plan of a run, as plain data. */
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
  /** The part of the model that runs once per example; `layers` is 0 if there is none. */
  readonly trunk: TrunkInfo;
  readonly cache: PlannedCache;
  /**
   * Lower bound, estimated from shapes, for the bytes of activations that are kept for the gradients of one batch: one output per layer
   * after the cut. Undefined if shapes are not fixed, and for models without layers. Ops within a layer keep more;
   * `predicted.tapeBytes` is measured.
   */
  readonly tape: { readonly bytes: number | undefined };
  readonly examples: number;
  readonly validationExamples: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  readonly steps: number;
  /** Kernels that training this model needs and the current backend lacks. Found by the probe steps, or without them from the layers. */
  readonly missingKernels: readonly string[];
  readonly warnings: readonly string[];
  /** Valid options that defeat each other, and broken constraints between hooks, rule and combiner. */
  readonly conflicts: readonly string[];
  /** Predictions from the probe steps; absent without them. */
  readonly predicted?: Prediction;
}

/** The cache of the trunk's outputs. If there are several phases, the largest one. */
export interface PlannedCache extends CacheSize {
  /** "files" means a folder or store. `memoryBytes` of it are in memory during the run. */
  readonly kind: "memory" | "files" | "none";
}

export interface CacheSize {
  /** Bytes of the whole cache, including labels of a stream. */
  readonly bytes: number;
  /** Bytes in host memory at once. It is less than `bytes` only for a stream whose outputs are kept in files. */
  readonly memoryBytes: number;
}

/** Time and memory of the run, predicted from the probe steps. */
export interface Prediction {
  /** Time of the trunk's passes over all examples, one per phase; 0 if nothing is cached. */
  readonly trunkSeconds: number;
  /** Mean time per epoch. It includes validation, and the trunk if it runs for every batch. */
  readonly epochSeconds: number;
  /**
   * Largest number of bytes of tensors at the same time in any phase, like `peakBytes` of the result. It includes data, model, optimizer
   * state, averages, activations, backward pass, update, trunk and validation. It does not include copies on the host (cache,
   * checkpoints, best weights, snapshots) and scratch memory within a kernel.
   */
  readonly peakBytes: number;
  /** Bytes of `peakBytes` that are activations kept for the backward pass. */
  readonly tapeBytes: number;
  /** Predictions for each phase, in order. There is one phase, and one more for every `unfreeze`. */
  readonly phases: readonly PhasePrediction[];
  /** The given limit in bytes. */
  readonly limit?: number;
  /** Whether tensors and in-memory cache stay within the limit. */
  readonly fits?: boolean;
}

export interface PhasePrediction {
  /** First epoch of the phase, counted from 0. */
  readonly from: number;
  readonly trunkSeconds: number;
  readonly epochSeconds: number;
  readonly peakBytes: number;
  readonly tapeBytes: number;
}

/** Describes a run whose parts are assembled. */
export function describe(
  assembly: Assembly,
  cacheSize: CacheSize,
  missingKernels: readonly string[] = [],
  plugins: readonly Plugin[] = [],
): Plan {
  const { adapter, all, params, patches, train, validation, stepsPerEpoch, options } = assembly;
  const { cut } = assembly.phases[0] as Phase;
  const { cache, epochs, batchSize } = options;
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
    warnings: [...warningsOf(cut), ...assembly.warnings],
    conflicts: conflictsOf(assembly, plugins),
  };
}

function warningsOf(cut: CutModel): string[] {
  const moving = cut.trunk.stops.filter(({ why }) => why === "batch norm in batch mode");
  const warnings: string[] = [];
  if (moving.length > 0) {
    warnings.push(
      `${moving.length} batch norm layer(s) end the trunk because their statistics change; the first is \`${moving[0]?.path}\`. Add the patch \`frozen-bn\` to freeze them.`,
    );
  }
  return warnings;
}
