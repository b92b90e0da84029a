import { resolve } from "node:path";
import type { Resolved } from "@graftjs/registry";
import type * as tuner from "@graftjs/tuner";
import { augmentsOf } from "./augments.ts";
import type { RecipeFile } from "./recipe-file.ts";

/** The options of `fineTune` without its data. */
export type RunOptions = Omit<tuner.FineTuneOptions, "data" | "validation">;

/** Translates a recipe and its `run` section into the options of `fineTune`. The data are read later, on the run's backend. */
export function runOptions({ run, folder }: RecipeFile, resolved: Resolved, from: typeof tuner): RunOptions {
  const { model: _model, head: _head, outputs: _outputs, data: _data, output: _output, ...rest } = run;
  const { loss = "categoricalCrossentropy", batchSize = 32, seed = 0, augment, weightNoise, cache, ...same } = rest;
  const { trainable = "all", patches, hooks, rule, learningRate, rateMultipliers, callbacks, combiner } = resolved;
  const composed = { trainable, patches, hooks, rule, learningRate, rateMultipliers, callbacks };
  const chosen = { ...composed, ...(combiner ? { combiner } : {}) };
  return {
    ...{ ...same, loss, batchSize, seed, ...chosen },
    ...(augment ? { augment: augmentsOf(from, augment) } : {}),
    ...(weightNoise === undefined ? {} : { weightNoise: { deviation: weightNoise } }),
    ...(cache === undefined ? {} : { cache: cacheOf(cache, folder) }),
  } as RunOptions;
}

/** Resolves the cache's folder: like every path in a recipe, it is relative to the recipe's file. */
function cacheOf(cache: NonNullable<RecipeFile["run"]["cache"]>, folder: string): tuner.FineTuneOptions["cache"] {
  if (typeof cache !== "object" || cache.store === undefined) return cache as tuner.FineTuneOptions["cache"];
  return { ...cache, store: resolve(folder, cache.store) };
}
