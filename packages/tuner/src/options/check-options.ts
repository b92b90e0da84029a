import { OptionsError } from "@graftjs/core";
import { type Loss, lossFunction, SPARSE } from "../losses/loss.ts";
import { metricOf } from "../metrics/metric.ts";
import type { FineTuneOptions } from "./fine-tune-options.ts";
import { strangeKeys } from "./known-keys.ts";

/** @throws OptionsError with every option that is missing or out of range. */
export function assertFineTuneOptions(options: FineTuneOptions): void {
  const checks = [missing, strangeKeys, wholeNumbers, numbers, words, together, names];
  const problems = checks.flatMap((check) => check(options));
  if (problems.length > 0)
    throw new OptionsError(`fineTune has ${problems.length} wrong option(s).`, problems.join("\n"));
}

function missing({ data, trainable, loss, epochs }: FineTuneOptions): string[] {
  return [
    ...(data === undefined ? ["`data` is missing. Give { xs, ys }."] : []),
    ...(trainable === undefined ? ['`trainable` is missing. Give a selector, for example "head/**" or "all".'] : []),
    ...(loss === undefined ? ['`loss` is missing. Give a name, for example "categoricalCrossentropy".'] : []),
    ...(epochs === undefined ? ["`epochs` is missing. Give a whole number ≥ 1."] : []),
  ];
}

function wholeNumbers(options: FineTuneOptions): string[] {
  const checks: [name: string, value: unknown, least: number][] = [
    ["epochs", options.epochs, 1],
    ["maxSteps", options.maxSteps, 1],
    ["batchSize", options.batchSize, 1],
    ["accumulate", options.accumulate, 1],
    ["statsEvery", options.statsEvery, 1],
    ["prefetch", options.prefetch, 0],
    ["views", options.views, 1],
    ["checkpoint.everySteps", options.checkpoint?.everySteps, 1],
    ["checkpoint.keep", options.checkpoint?.keep, 1],
    ["earlyStopping.patience", options.earlyStopping?.patience, 1],
    ["reduceOnPlateau.patience", options.reduceOnPlateau?.patience, 1],
    ["reduceOnPlateau.cooldown", options.reduceOnPlateau?.cooldown, 0],
    ["guard.snapshotEvery", options.guard?.snapshotEvery, 1],
    ["guard.patience", options.guard?.patience, 0],
    ...(options.unfreeze ?? []).map(({ epoch }, i): [string, unknown, number] => [`unfreeze[${i}].epoch`, epoch, 1]),
  ];
  return checks
    .filter(([, value, least]) => value !== undefined && !(Number.isInteger(value) && (value as number) >= least))
    .map(([name, value, least]) => `\`${name}\` is ${String(value)}. Give a whole number ≥ ${least}.`);
}

type Range = readonly [name: string, value: unknown, fits: (value: number) => boolean, wanted: string];

function numbers({
  seed,
  mixup,
  ema,
  earlyStopping,
  reduceOnPlateau,
  guard,
  weightNoise,
  classWeights,
}: FineTuneOptions): string[] {
  const checks: readonly Range[] = [
    ["seed", seed, Number.isSafeInteger, "a whole number"],
    ["mixup", mixup, (n) => n >= 0, "a number ≥ 0"],
    ["ema.decay", ema?.decay, (n) => n >= 0 && n < 1, "a number in [0, 1)"],
    ["weightNoise.deviation", weightNoise?.deviation, (n) => n > 0, "a number > 0"],
    ["guard.spike", guard?.spike, (n) => n > 1, "a number > 1: how many times the recent mean"],
    ["earlyStopping.minDelta", earlyStopping?.minDelta, () => true, "a number"],
    ["reduceOnPlateau.minDelta", reduceOnPlateau?.minDelta, () => true, "a number"],
    ["reduceOnPlateau.factor", reduceOnPlateau?.factor, (n) => n > 0 && n < 1, "a number in (0, 1)"],
    ["reduceOnPlateau.minFactor", reduceOnPlateau?.minFactor, (n) => n >= 0 && n <= 1, "a number in [0, 1]"],
    ...(classWeights ?? []).map((n, i): Range => [`classWeights[${i}]`, n, (weight) => weight >= 0, "a number ≥ 0"]),
  ];
  return checks
    .filter(([, value, fits]) => value !== undefined && !(Number.isFinite(value) && fits(value as number)))
    .map(([name, value, , wanted]) => `\`${name}\` is ${String(value)}. Give ${wanted}.`);
}

function words({ cache, guard, earlyStopping, reduceOnPlateau }: FineTuneOptions): string[] {
  const checks: readonly [name: string, value: unknown, allowed: readonly string[]][] = [
    ["guard.policy", guard?.policy, ["throw", "skip", "rollback"]],
    ["earlyStopping.mode", earlyStopping?.mode, ["min", "max"]],
    ["reduceOnPlateau.mode", reduceOnPlateau?.mode, ["min", "max"]],
    ["cache.precision", typeof cache === "object" ? cache?.precision : undefined, ["float32", "float16"]],
  ];
  const problems = checks
    .filter(([, value, allowed]) => value !== undefined && !allowed.includes(value as string))
    .map(([name, value, allowed]) => {
      const quoted = allowed.map((word) => JSON.stringify(word));
      return `\`${name}\` is ${JSON.stringify(value)}. Give ${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}.`;
    });
  const kinds = cache === undefined || cache === "memory" || cache === false || (typeof cache === "object" && cache);
  return kinds
    ? problems
    : [...problems, `\`cache\` is ${JSON.stringify(cache)}. Give "memory", false or { store: ... }.`];
}

/** Options of which one makes no sense without, or beside, another. */
function together({ views, augment, mixup = 0, loss }: FineTuneOptions): string[] {
  const sparse = loss === undefined ? undefined : Object.values(listed(loss)).find((one) => SPARSE.has(one));
  return [
    ...(views !== undefined && !augment?.length ? ["`views` counts augmented views: give `augment` as well."] : []),
    ...(mixup > 0 && sparse
      ? [
          `\`mixup\` mixes labels, and \`${String(sparse)}\` takes class numbers: between two classes lies no third. Give one-hot labels and the loss without "sparse".`,
        ]
      : []),
  ];
}

function names({ loss, metrics = [] }: FineTuneOptions): string[] {
  return [
    ...(loss === undefined ? [] : mistakes(Object.values(listed(loss)), lossFunction)),
    ...mistakes(metrics, metricOf),
  ];
}

function mistakes<T>(values: readonly T[], read: (value: T) => unknown): string[] {
  return values.flatMap((value) => {
    try {
      read(value);
      return [];
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  });
}

function listed(loss: FineTuneOptions["loss"]): readonly Loss[] | { readonly [output: string]: Loss } {
  return typeof loss === "string" || typeof loss === "function" ? [loss] : loss;
}

/** One loss an output, in the model's order. @throws OptionsError where they do not match the outputs. */
export function lossesOf(loss: FineTuneOptions["loss"], outputs: readonly string[]): readonly Loss[] {
  const given = listed(loss);
  if (Array.isArray(given)) {
    if (given.length === 1 && outputs.length > 1) return outputs.map(() => given[0] as Loss);
    if (given.length === outputs.length) return given as Loss[];
    throw new OptionsError(
      `${given.length} losses for ${outputs.length} output(s).`,
      `Give one for each of ${outputs.join(", ")}.`,
    );
  }
  const byName = given as { readonly [output: string]: Loss };
  const stray = Object.keys(byName).filter((name) => !outputs.includes(name));
  const without = outputs.filter((name) => byName[name] === undefined);
  if (stray.length + without.length > 0) {
    throw new OptionsError(
      "The losses do not match the outputs.",
      [
        ...stray.map((name) => `There is no output \`${name}\`. The model has ${outputs.join(", ")}.`),
        ...without.map((name) => `\`${name}\` has no loss.`),
      ].join("\n"),
    );
  }
  return outputs.map((name) => byName[name] as Loss);
}
