import * as tf from "@tensorflow/tfjs-core";
import type { TunableModel } from "../model/trainee-of.ts";
import { type Assembly, assemble } from "../run/assembly.ts";
import { openLoader, prefetchOf } from "../run/loader.ts";
import type { FineTuneOptions } from "../run/options.ts";
import { enterPhase, type Phase } from "../run/phases.ts";
import { lackingKernel, missingKernels } from "./missing-kernels.ts";
import { describe, type Plan, type Prediction } from "./plan.ts";
import { probeSteps } from "./probe.ts";

export interface PlanOptions {
  /** Whether two steps are taken, and undone, to predict time and memory. @default true */
  readonly probe?: boolean;
  /** Bytes there are; the plan says whether the run fits. Tensors and cache count, the process itself does not. */
  readonly limit?: number;
}

/**
 * What `fineTune` with these options would do. Runs the trunk for one batch and takes two steps to predict time and memory;
 * the model is as before when it returns.
 *
 * @throws what `fineTune` throws before its first step.
 */
export async function plan(
  model: TunableModel,
  options: FineTuneOptions,
  { probe = true, limit }: PlanOptions = {},
): Promise<Plan> {
  const assembly = await assemble(model, options);
  try {
    const phase = assembly.phases[0] as Phase;
    enterPhase(assembly.optimizer, phase);
    const bytes = await cacheBytes(assembly, options);
    const lacking = missingKernels(tf.getBackend(), phase.cut.tail.kinds);
    const described = describe(assembly, options, bytes, lacking);
    if (!probe) return described;
    try {
      return { ...described, missingKernels: [], predicted: await predict(assembly, options, bytes, limit) };
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

/** A run over the first batch alone, in memory: what is cached for one example is cached for all. */
function firstBatch(assembly: Assembly, size: number): Assembly {
  const { train } = assembly;
  return { ...assembly, validation: undefined, train: { ...train, size: Math.min(size, train.size) } };
}

async function cacheBytes(assembly: Assembly, options: FineTuneOptions): Promise<number> {
  const { train, validation } = assembly;
  const { augment = [], views = 0, mixup = 0, cache = "memory" } = options;
  const kept = mixup > 0 ? 0 : augment.length > 0 ? views : 1;
  if (cache === false || (kept === 0 && !validation)) return 0;
  const precision = typeof cache === "object" ? (cache.precision ?? "float32") : "float32";
  const { augment: _a, views: _v, mixup: _m, ...plain } = options;
  const { bytes, close } = await openLoader(firstBatch(assembly, 1), phaseCut(assembly), {
    ...plain,
    cache: { precision },
  });
  await close();
  return bytes * (train.size * kept + (validation?.size ?? 0));
}

async function predict(
  assembly: Assembly,
  options: FineTuneOptions,
  bytes: number,
  limit: number | undefined,
): Promise<Prediction> {
  const { batchSize, accumulate, train, validation, stepsPerEpoch } = assembly;
  const small = firstBatch(assembly, batchSize * accumulate);
  const start = performance.now();
  const loader = await openLoader(small, phaseCut(assembly), {
    ...options,
    cache: options.cache === false ? false : "memory",
  });
  const seconds = (performance.now() - start) / 1000;
  const { stepSeconds, tapeBytes, ...probed } = await probeSteps(small, loader, options).finally(loader.close);
  const ahead = Math.min(prefetchOf(options, train), stepsPerEpoch - 1);
  const peakBytes = probed.peakBytes + ahead * probed.batchBytes;
  const needed = peakBytes + bytes;
  return {
    trunkSeconds: bytes === 0 ? 0 : (seconds * (train.size + (validation?.size ?? 0))) / small.train.size,
    epochSeconds: stepSeconds * stepsPerEpoch,
    peakBytes,
    tapeBytes,
    ...(limit === undefined ? {} : { limit, fits: needed <= limit }),
  };
}

function phaseCut(assembly: Assembly): Phase["cut"] {
  return (assembly.phases[0] as Phase).cut;
}
