import { resolve } from "node:path";
import type { Resolved } from "@graftjs/core";
import type * as tuner from "@graftjs/tuner";
import { augmentsOf } from "./augments.ts";
import type { RecipeFile } from "./recipe-file.ts";

/** What `fineTune` takes beside data. */
export type RunOptions = Omit<tuner.FineTuneOptions, "data" | "validation">;

/** The options of the run that a recipe describes, all but its data. */
export function runOptions({ run, folder }: RecipeFile, resolved: Resolved, from: typeof tuner): RunOptions {
  const { model: _model, head: _head, outputs: _outputs, data: _data, output: _output, ...rest } = run;
  const { loss = "categoricalCrossentropy", batchSize = 32, seed = 0, augment, weightNoise, cache, ...same } = rest;
  const { trainable = "all", patches, hooks, rule, learningRate, rateMultipliers, combiner } = resolved;
  const chosen = { trainable, patches, hooks, rule, learningRate, rateMultipliers, ...(combiner ? { combiner } : {}) };
  return {
    ...{ ...same, loss, batchSize, seed, ...chosen },
    ...(augment ? { augment: augmentsOf(from, augment) } : {}),
    ...(weightNoise === undefined ? {} : { weightNoise: { deviation: weightNoise } }),
    ...(cache === undefined ? {} : { cache: cacheOf(cache, folder) }),
  } as RunOptions;
}

/** A cache's folder is relative to the recipe, as every path of it. */
function cacheOf(cache: NonNullable<RecipeFile["run"]["cache"]>, folder: string): tuner.FineTuneOptions["cache"] {
  if (typeof cache !== "object" || cache.store === undefined) return cache as tuner.FineTuneOptions["cache"];
  return { ...cache, store: resolve(folder, cache.store) };
}
