import type { Plugin } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { CheckpointStore } from "../files/stores/store.ts";
import { type Assembly, assemble } from "../loop/assembly/assembly.ts";
import { enterPhase, type Phase } from "../loop/assembly/phases.ts";
import { type PeakMeter, peakMeter } from "../loop/evaluate/peak-memory.ts";
import type { TunableModel } from "../models/adapt-model.ts";
import type { FineTuneOptions } from "../options/fine-tune-options.ts";
import { openLoader, prefetchOf } from "../pipeline/batches/loader.ts";
import { rowsInMemory } from "../pipeline/cache/block-files.ts";
import { HASHED_AT_ONCE } from "../pipeline/cache/open-feature-store.ts";
import { lackingKernel, missingKernels } from "./missing-kernels.ts";
import { type CacheSize, describe, type PhasePrediction, type Plan, type Prediction } from "./plan.ts";
import { type StepTiming, timeSteps } from "./step-timing.ts";

export interface PlanOptions {
  /** Whether two steps are taken in every phase, and undone, to predict time and memory. @default true */
  readonly probe?: boolean;
  /** Bytes there are; the plan says whether the run fits. Tensors and what the cache has in memory count, the process itself does not. */
  readonly limit?: number;
  /** Plugins by whose constraints hooks, rule and combiner are compared, by name; a recipe's are compared when it is read. @default [] */
  readonly plugins?: readonly Plugin[];
}

/**
 * What `fineTune` with these options would do. Runs the trunk for one batch and takes two steps in every phase to predict time and
 * memory; the model is as before when it returns. Nothing is written, also where the cache is kept in files.
 *
 * @throws what `fineTune` throws before its first step.
 */
export async function planFineTune(
  model: TunableModel,
  options: FineTuneOptions,
  planOptions: PlanOptions = {},
): Promise<Plan> {
  const peak = peakMeter();
  try {
    return await planned(await assemble(model, options), options, planOptions, peak);
  } finally {
    peak.stop();
  }
}

async function planned(
  assembly: Assembly,
  options: FineTuneOptions,
  { probe = true, limit, plugins = [] }: PlanOptions,
  peak: PeakMeter,
): Promise<Plan> {
  try {
    const assembled = peak.bytes;
    enterPhase(assembly.optimizer, assembly.phases[0] as Phase);
    const size = await cacheSize(assembly, options);
    // The last phase trains what all others do.
    const lacking = missingKernels(tf.getBackend(), assembly.phases.at(-1)?.cut.tail.kinds);
    const described = describe(assembly, options, size, lacking, plugins);
    if (!probe) return described;
    try {
      const probes = await timeSteps(fewExamples(assembly, options), withoutFiles(options), peak);
      return {
        ...described,
        missingKernels: [],
        predicted: predicted(assembly, options, probes, assembled, size, limit),
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

/** One update's examples, and one batch for validation: what happens to them happens to all others. */
function fewExamples(assembly: Assembly, { cache }: FineTuneOptions): Assembly {
  const { train, validation, batchSize, accumulate } = assembly;
  // Hashing takes its own number at a time.
  const least = typeof cache === "object" && cache.store !== undefined ? HASHED_AT_ONCE : 1;
  return {
    ...assembly,
    train: { ...train, size: Math.min(Math.max(batchSize * accumulate, least), train.size) },
    validation: validation && { ...validation, size: Math.min(Math.max(batchSize, least), validation.size) },
  };
}

/** A cache in files has the same tensors on the way, and writes to nowhere. */
function withoutFiles({ cache, ...options }: FineTuneOptions): FineTuneOptions {
  if (typeof cache !== "object" || cache.store === undefined)
    return { ...options, ...(cache === undefined ? {} : { cache }) };
  return { ...options, cache: { ...cache, store: scratchStore() } };
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

/** Of the phase whose cache is the largest: the trunk becomes shorter by unfreezing, and what it ends in may be larger. */
async function cacheSize(assembly: Assembly, options: FineTuneOptions): Promise<CacheSize> {
  let largest: CacheSize = { bytes: 0, memoryBytes: 0 };
  for (const { cut } of assembly.phases) {
    const size = await phaseCacheSize(assembly, options, cut);
    if (size.memoryBytes >= largest.memoryBytes) largest = size;
  }
  return largest;
}

async function phaseCacheSize(assembly: Assembly, options: FineTuneOptions, cut: Phase["cut"]): Promise<CacheSize> {
  const { train, validation } = assembly;
  const { augment = [], views = 0, mixup = 0, cache = "memory" } = options;
  const kept = mixup > 0 ? 0 : augment.length > 0 ? views : 1;
  if (cache === false || cut.trunk.layers === 0 || (kept === 0 && !validation)) return { bytes: 0, memoryBytes: 0 };
  const { precision = "float32", store } = typeof cache === "object" ? cache : {};
  const { augment: _a, views: _v, mixup: _m, ...plain } = options;
  const one = { ...assembly, validation: undefined, train: { ...train, size: 1 } };
  // Of a stream its labels are in memory beside the outputs, which need not be.
  const { bytes, labelBytes, close } = await openLoader(one, cut, { ...plain, cache: { precision } }, console.warn);
  await close();
  const parts = [
    { rows: train.size * kept, size: kept > 0 ? train.size : 0, near: train.buffer },
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
  options: FineTuneOptions,
  probes: readonly StepTiming[],
  assembledBytes: number,
  { memoryBytes }: CacheSize,
  limit: number | undefined,
): Prediction {
  const phases = probes.map((probe) => ofPhase(assembly, options, probe));
  const largest = phases.reduce((a, b) => (b.peakBytes > a.peakBytes ? b : a));
  const peakBytes = Math.max(assembledBytes, largest.peakBytes);
  const epochsOf = ({ from }: PhasePrediction, i: number): number =>
    Math.max(0, Math.min(options.epochs, phases[i + 1]?.from ?? options.epochs) - from);
  const total = phases.reduce((sum, phase, i) => sum + phase.epochSeconds * epochsOf(phase, i), 0);
  return {
    trunkSeconds: phases.reduce((sum, phase, i) => sum + (epochsOf(phase, i) > 0 ? phase.trunkSeconds : 0), 0),
    epochSeconds: total / options.epochs,
    peakBytes,
    tapeBytes: largest.tapeBytes,
    phases,
    ...(limit === undefined ? {} : { limit, fits: peakBytes + memoryBytes <= limit }),
  };
}

/** Counts what the few examples took up to all of them. */
function ofPhase(assembly: Assembly, options: FineTuneOptions, probe: StepTiming): PhasePrediction {
  const { train, validation, stepsPerEpoch, batchSize } = assembly;
  const few = fewExamples(assembly, options);
  const examples = train.size + (validation?.size ?? 0);
  const probed = few.train.size + (few.validation?.size ?? 0);
  const validated = validation ? validation.size / (few.validation?.size ?? batchSize) : 0;
  const ahead = Math.min(prefetchOf(options, train), stepsPerEpoch - 1);
  return {
    from: probe.phase.from,
    trunkSeconds: probe.cached ? (probe.openSeconds * examples) / probed : 0,
    epochSeconds: probe.stepSeconds * stepsPerEpoch + probe.validationSeconds * validated,
    peakBytes: Math.max(probe.aroundBytes, probe.stepBytes + ahead * probe.batchBytes),
    tapeBytes: probe.tapeBytes,
  };
}
