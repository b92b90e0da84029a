import { nearestNames } from "@graftjs/core";
import type { FineTuneOptions } from "./fine-tune-options.ts";

/** Every option, so that the compiler counts them; the value lists those within it, where it has its own. */
const KEYS: Readonly<Record<keyof FineTuneOptions, readonly string[] | undefined>> = {
  data: undefined,
  validation: undefined,
  loss: undefined,
  trainable: undefined,
  unfreeze: undefined,
  patches: undefined,
  hooks: undefined,
  rule: undefined,
  learningRate: undefined,
  rateMultipliers: undefined,
  combiner: undefined,
  epochs: undefined,
  maxSteps: undefined,
  batchSize: undefined,
  accumulate: undefined,
  seed: undefined,
  shuffle: undefined,
  prefetch: undefined,
  augment: undefined,
  views: undefined,
  mixup: undefined,
  weightNoise: ["deviation", "on"],
  classWeights: undefined,
  observers: undefined,
  statsEvery: undefined,
  metrics: undefined,
  cache: ["store", "precision"],
  guard: ["policy", "spike", "snapshotEvery", "patience"],
  earlyStopping: ["monitor", "patience", "minDelta", "mode", "restoreBest"],
  reduceOnPlateau: ["monitor", "factor", "patience", "minDelta", "cooldown", "minFactor", "mode"],
  ema: ["decay"],
  callbacks: undefined,
  checkpoint: ["to", "everySteps", "keep", "resume", "recipe"],
  signal: undefined,
  control: undefined,
};

/** A line for each key that is no option: a misspelt one would be left out without a word. */
export function strangeKeys(options: FineTuneOptions): string[] {
  return Object.entries(options).flatMap(([key, value]: [string, unknown]) => {
    if (!Object.hasOwn(KEYS, key)) return [strange(key, key, Object.keys(KEYS))];
    const inner = KEYS[key as keyof FineTuneOptions];
    if (!inner || typeof value !== "object" || value === null) return [];
    return Object.keys(value)
      .filter((name) => !inner.includes(name))
      .map((name) => strange(`${key}.${name}`, name, inner));
  });
}

function strange(path: string, name: string, known: readonly string[]): string {
  const [near] = nearestNames(name, known);
  return `\`${path}\` is no option.${near === undefined ? "" : ` Did you mean \`${near}\`?`}`;
}
