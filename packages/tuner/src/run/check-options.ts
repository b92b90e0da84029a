import { OptionsError } from "@graftjs/core";
import { type Loss, lossFunction } from "../loss/loss.ts";
import { metricOf } from "../metrics/metric.ts";
import type { FineTuneOptions } from "./options.ts";

/** @throws OptionsError with every option that is missing or out of range. */
export function assertFineTuneOptions(options: FineTuneOptions): void {
  const problems = [...missing(options), ...wholeNumbers(options), ...ranges(options), ...names(options)];
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
    ["probeEvery", options.probeEvery, 1],
    ["prefetch", options.prefetch, 0],
    ["views", options.views, 1],
    ["checkpoint.everySteps", options.checkpoint?.everySteps, 1],
    ["checkpoint.keep", options.checkpoint?.keep, 1],
    ["earlyStopping.patience", options.earlyStopping?.patience, 1],
    ["reduceOnPlateau.patience", options.reduceOnPlateau?.patience, 1],
    ...(options.unfreeze ?? []).map(({ epoch }, i): [string, unknown, number] => [`unfreeze[${i}].epoch`, epoch, 1]),
  ];
  return checks
    .filter(([, value, least]) => value !== undefined && !(Number.isInteger(value) && (value as number) >= least))
    .map(([name, value, least]) => `\`${name}\` is ${String(value)}. Give a whole number ≥ ${least}.`);
}

function ranges({
  seed,
  mixup,
  ema,
  reduceOnPlateau,
  cache,
  classWeights,
  augment,
  views,
  guard,
  weightNoise,
}: FineTuneOptions): string[] {
  const problems: string[] = [];
  if (seed !== undefined && !Number.isSafeInteger(seed)) problems.push(`\`seed\` is ${seed}. Give a whole number.`);
  if (mixup !== undefined && !(mixup >= 0 && Number.isFinite(mixup)))
    problems.push(`\`mixup\` is ${mixup}. Give a number ≥ 0.`);
  const { decay } = ema ?? {};
  if (decay !== undefined && !(decay >= 0 && decay < 1))
    problems.push(`\`ema.decay\` is ${decay}. Give a number in [0, 1).`);
  if (weightNoise !== undefined && !(weightNoise.deviation > 0 && Number.isFinite(weightNoise.deviation)))
    problems.push(`\`weightNoise.deviation\` is ${weightNoise.deviation}. Give a number > 0.`);
  const { factor } = reduceOnPlateau ?? {};
  if (factor !== undefined && !(factor > 0 && factor < 1))
    problems.push(`\`reduceOnPlateau.factor\` is ${factor}. Give a number in (0, 1).`);
  if (cache !== undefined && cache !== "memory" && cache !== false && typeof cache !== "object")
    problems.push(`\`cache\` is ${JSON.stringify(cache)}. Give "memory", false or { store: ... }.`);
  if (classWeights?.some((weight) => !(weight >= 0 && Number.isFinite(weight))))
    problems.push("`classWeights` has a weight that is negative or no number.");
  if (views !== undefined && !augment?.length) problems.push("`views` counts augmented views: give `augment` as well.");
  if (guard?.policy !== undefined && !["throw", "skip", "rollback"].includes(guard.policy))
    problems.push(`\`guard.policy\` is ${JSON.stringify(guard.policy)}. Give "throw", "skip" or "rollback".`);
  return problems;
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
