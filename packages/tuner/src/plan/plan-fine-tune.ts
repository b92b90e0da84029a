import type { Plugin } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { CheckpointStore } from "../files/stores/store.ts";
import { type Assembly, assemble } from "../loop/assembly/assembly.ts";
import { enterPhase, type Phase } from "../loop/assembly/phases.ts";
import { type PeakMeter, peakMeter } from "../loop/evaluate/peak-memory.ts";
import type { TunableModel } from "../models/adapt-model.ts";
import { lackingKernel } from "../models/backend-errors.ts";
import type { FineTuneOptions } from "../options/fine-tune-options.ts";
import { openLoader, prefetchOf, viewsToCache } from "../pipeline/batches/loader.ts";
import { rowsInMemory } from "../pipeline/cache/block-files.ts";
import { HASHED_AT_ONCE } from "../pipeline/cache/open-feature-store.ts";
import { missingKernels } from "./missing-kernels.ts";
import { type CacheSize, describe, type PhasePrediction, type Plan, type Prediction } from "./plan.ts";
import { type StepTiming, timeSteps } from "./step-timing.ts";

export interface PlanOptions {
  /** Whether to take two steps in every phase, and undo them, to predict time and memory. @default true */
  readonly probe?: boolean;
  /** Available memory in bytes. The plan says whether tensors and in-memory cache fit; the process itself is not counted. */
  readonly limit?: number;
  /** Plugins whose constraints hooks, rule and combiner must meet. (Recipes are checked when they are read.) @default [] */
  readonly plugins?: readonly Plugin[];
}

/**
 * Plans a run of `fineTune` with these options. To predict time and memory, it runs the trunk for one batch and takes two steps in every
 * phase. It then restores the model. It writes no files, even if the cache is kept in files.
 *
 * @throws the same errors as `fineTune` before its first step.
 */
export async function planFineTune(
  model: TunableModel,
  options: FineTuneOptions,
  planOptions: PlanOptions = {},
): Promise<Plan> {
  const peak = peakMeter();
  // A plan is that of one rank, which plans without the others.
  const { collective: _, ...own } = options;
  try {
    return await planned(await assemble(model, own), planOptions, peak);
  } finally {
    peak.stop();
  }
}

async function planned(
  assembly: Assembly,
  { probe = true, limit, plugins = [] }: PlanOptions,
  peak: PeakMeter,
): Promise<Plan> {
  try {
    const assembled = peak.bytes;
    enterPhase(assembly.optimizer, assembly.phases[0] as Phase);
    const size = await cacheSize(assembly);
    // The last phase trains everything that the earlier phases train.
    const lacking = missingKernels(tf.getBackend(), assembly.phases.at(-1)?.cut.tail.kinds);
    const described = describe(assembly, size, lacking, plugins);
    if (!probe) return described;
    try {
      const probes = await timeSteps(withoutFiles(fewExamples(assembly)), peak);
      return {
        ...described,
        missingKernels: [],
        predicted: predicted(assembly, probes, assembled, size, limit),
      };
    } catch (error) {
      const kernel = lackingKernel(error);
      if (kernel === undefined) throw error;
      return { ...described, missingKernels: [...new Set([kernel, ...lacking])] };
    }
  } finally {
    assembly.optimizer.dispose();
    assembly.release();
    assembly.restore();
  }
}

/** Limits the data to the examples of one update and one batch of validation data. */
function fewExamples(assembly: Assembly): Assembly {
  const { train, validation, options } = assembly;
  const { cache, batchSize, accumulate } = options;
  // Hashing for a cache in files reads more examples at a time.
  const least = typeof cache === "object" && cache.store !== undefined ? HASHED_AT_ONCE : 1;
  return {
    ...assembly,
    train: { ...train, size: Math.min(Math.max(batchSize * accumulate, least), train.size) },
    validation: validation && { ...validation, size: Math.min(Math.max(batchSize, least), validation.size) },
  };
}

/** Replaces a cache in files by one in a temporary store, which creates the same tensors but writes no files. */
function withoutFiles(assembly: Assembly): Assembly {
  const { cache } = assembly.options;
  if (typeof cache !== "object" || cache.store === undefined) return assembly;
  return { ...assembly, options: { ...assembly.options, cache: { ...cache, store: scratchStore() } } };
}

function scratchStore(): CheckpointStore {
  const files = new Map<string, Uint8Array>();
  return {
    where: "memory",
    write: async (name, bytes) => void files.set(name, bytes),
    read: async (name) => files.get(name),
    list: async () => [...files.keys()],
    remove: async (name) => void files.delete(name),
  };
}

/** Returns the size of the largest cache of all phases. Unfreezing shortens the trunk, but its outputs may become larger. */
async function cacheSize(assembly: Assembly): Promise<CacheSize> {
  let largest: CacheSize = { bytes: 0, memoryBytes: 0 };
  for (const { cut } of assembly.phases) {
    const size = await phaseCacheSize(assembly, cut);
    if (size.memoryBytes >= largest.memoryBytes) largest = size;
  }
  return largest;
}

async function phaseCacheSize(assembly: Assembly, cut: Phase["cut"]): Promise<CacheSize> {
  const { train, validation, options } = assembly;
  const { cache } = options;
  const cachedViews = viewsToCache(options);
  if (cache === false || cut.trunk.layers === 0 || (cachedViews === 0 && !validation))
    return { bytes: 0, memoryBytes: 0 };
  const { views: _, ...rest } = options;
  const store = typeof cache === "object" ? cache.store : undefined;
  const inMemory = typeof cache === "object" ? { precision: cache.precision } : cache;
  const plain = { ...rest, augment: [], mixup: 0, cutmix: 0, cache: inMemory };
  const examples = cut.fixedBatch ?? 1;
  const few = { ...assembly, options: plain, validation: undefined, train: { ...train, size: examples } };
  // For a stream, labels are in memory even if the outputs are in files.
  const loaded = await openLoader(few, cut, console.warn);
  await loaded.close();
  const [bytes, labelBytes] = [loaded.bytes / examples, loaded.labelBytes / examples];
  const parts = [
    { rows: train.size * cachedViews, size: cachedViews > 0 ? train.size : 0, near: train.buffer },
    { rows: validation?.size ?? 0, size: validation?.size ?? 0, near: validation?.buffer },
  ].map(({ rows, size, near }) => {
    const inMemory = store === undefined || near === undefined ? rows : Math.min(rows, rowsInMemory(near));
    const labels = near === undefined ? 0 : labelBytes * size;
    return { bytes: (bytes - labelBytes) * rows + labels, memoryBytes: (bytes - labelBytes) * inMemory + labels };
  });
  return {
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
    memoryBytes: parts.reduce((sum, part) => sum + part.memoryBytes, 0),
  };
}

function predicted(
  assembly: Assembly,
  probes: readonly StepTiming[],
  assembledBytes: number,
  { memoryBytes }: CacheSize,
  limit: number | undefined,
): Prediction {
  const phases = probes.map((probe) => ofPhase(assembly, probe));
  const { epochs } = assembly.options;
  const largest = phases.reduce((a, b) => (b.peakBytes > a.peakBytes ? b : a));
  const peakBytes = Math.max(assembledBytes, largest.peakBytes);
  const epochsOf = ({ from }: PhasePrediction, i: number): number =>
    Math.max(0, Math.min(epochs, phases[i + 1]?.from ?? epochs) - from);
  const total = phases.reduce((sum, phase, i) => sum + phase.epochSeconds * epochsOf(phase, i), 0);
  return {
    trunkSeconds: phases.reduce((sum, phase, i) => sum + (epochsOf(phase, i) > 0 ? phase.trunkSeconds : 0), 0),
    epochSeconds: total / epochs,
    peakBytes,
    tapeBytes: largest.tapeBytes,
    phases,
    ...(limit === undefined ? {} : { limit, fits: peakBytes + memoryBytes <= limit }),
  };
}

/** Scales the measurements on a few examples up to all examples. */
function ofPhase(assembly: Assembly, probe: StepTiming): PhasePrediction {
  const { train, validation, stepsPerEpoch, options } = assembly;
  const few = fewExamples(assembly);
  const examples = train.size + (validation?.size ?? 0);
  const probed = few.train.size + (few.validation?.size ?? 0);
  const validated = validation ? validation.size / (few.validation?.size ?? options.batchSize) : 0;
  const ahead = Math.min(prefetchOf(options, train), stepsPerEpoch - 1);
  return {
    from: probe.phase.from,
    trunkSeconds: probe.cached ? (probe.openSeconds * examples) / probed : 0,
    epochSeconds: probe.stepSeconds * stepsPerEpoch + probe.validationSeconds * validated,
    peakBytes: Math.max(probe.aroundBytes, probe.stepBytes + ahead * probe.batchBytes),
    tapeBytes: probe.tapeBytes,
  };
}
