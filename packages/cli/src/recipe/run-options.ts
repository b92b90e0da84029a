import { resolve } from "node:path";
import type { Resolved } from "@graftjs/registry";
import type { FineTuneOptions } from "@graftjs/tuner";
import type { EffortOptions } from "@graftjs/presets";
import { isByEffort, withoutPlaceholders } from "./effort.ts";
import type { RecipeFile } from "./recipe-file.ts";
import type { CommandSection } from "./run-section.ts";

/** The options of `fineTune` without its data. */
export type RunOptions =
  | Omit<FineTuneOptions, "data" | "validation">
  | (Omit<EffortOptions, "data" | "validation" | "loss"> & Pick<FineTuneOptions, "loss">);

/** Translates a resolved recipe into the options of `fineTune`. The data are read later, on the run's backend. */
export function runOptions({ folder, recipe }: RecipeFile, resolved: Resolved): RunOptions {
  const { trainable = "all", patches, hooks, rule, learningRate, rateMultipliers, callbacks, combiner } = resolved;
  const run = resolved.run as CommandSection & Pick<FineTuneOptions, "loss" | "epochs" | "cache">;
  const { model: _model, head: _head, outputs: _outputs, data: _data, output: _output, cache, ...options } = run;
  const all = {
    ...options,
    ...{ trainable, patches, hooks, rule, learningRate, rateMultipliers, callbacks },
    ...(combiner ? { combiner } : {}),
    ...(cache === undefined ? {} : { cache: inFolder(cache, folder) }),
  };
  if (isByEffort(recipe)) return withoutPlaceholders(recipe, all) as RunOptions;
  const {
    keep: _keep,
    probe: _probe,
    holdOut: _holdOut,
    average: _average,
    ...plain
  } = all as typeof all & EffortOptions;
  return plain;
}

/** Resolves the cache's folder: like every path in a recipe, it is relative to the recipe's file. */
function inFolder(cache: NonNullable<FineTuneOptions["cache"]>, folder: string): NonNullable<FineTuneOptions["cache"]> {
  if (typeof cache !== "object" || typeof cache.store !== "string") return cache;
  return { ...cache, store: resolve(folder, cache.store) };
}
