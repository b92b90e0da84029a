import {
  type AnyCombiner,
  type AnyHook,
  type AnyRule,
  type ModelPatch,
  type Observer,
  OptionsError,
  type RateMultiplier,
  type Schedule,
  type Selector,
} from "@graftjs/core";
import type { ExampleData } from "../data/columns.ts";
import { type Loss, lossFunction } from "../loss/loss.ts";
import { type Metric, type MetricName, metricOf } from "../metrics/metric.ts";

/** What is trained, on what, and how. */
export interface FineTuneOptions {
  /** Examples on axis 0. The tensors stay the caller's. */
  readonly data: ExampleData;
  /** Examples that are only looked at, after each epoch. */
  readonly validation?: ExampleData;
  /** One loss, or one an output: in order or by the output's name. */
  readonly loss: Loss | readonly Loss[] | { readonly [output: string]: Loss };
  /** Which parameters are trained, by stable name. Layers' own `trainable` flags do not matter. */
  readonly trainable: Selector;
  /** Changes to the model for the run; undone by `restore()` of the result, or by an error. @default [] */
  readonly patches?: readonly ModelPatch[];
  /** @default [] */
  readonly hooks?: readonly AnyHook[];
  readonly rule: AnyRule;
  readonly learningRate: number | Schedule;
  /** @default [] */
  readonly rateMultipliers?: readonly RateMultiplier[];
  /** Merges the gradients of the outputs' losses, one task an output, instead of summing the losses. */
  readonly combiner?: AnyCombiner;
  readonly epochs: number;
  /** Examples a step. @default 32 */
  readonly batchSize?: number;
  /** Batches whose gradients are averaged into one step. @default 1 */
  readonly accumulate?: number;
  /** Fixes the order of the examples, dropout and noise. 0 is a seed like any other. @default 0 */
  readonly seed?: number;
  /** Whether the examples are put into another order every epoch. @default true */
  readonly shuffle?: boolean;
  /** @default [] */
  readonly observers?: readonly Observer[];
  /** @default [] */
  readonly metrics?: readonly (MetricName | Metric)[];
  /** Whether the trunk's outputs are kept from epoch to epoch. @default "memory" */
  readonly cache?: "memory" | false;
  /** Ends the run after the step in progress; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** @throws OptionsError with every option that is out of range. */
export function assertFineTuneOptions(options: FineTuneOptions): void {
  const problems: string[] = [];
  const whole = (name: "epochs" | "batchSize" | "accumulate", least: number): void => {
    const value = options[name];
    if (value !== undefined && !(Number.isInteger(value) && value >= least))
      problems.push(`\`${name}\` is ${String(value)}. Give a whole number ≥ ${least}.`);
  };
  if (options.epochs === undefined) problems.push("`epochs` is missing. Give a whole number ≥ 1.");
  whole("epochs", 1);
  whole("batchSize", 1);
  whole("accumulate", 1);
  if (options.seed !== undefined && !Number.isSafeInteger(options.seed))
    problems.push(`\`seed\` is ${String(options.seed)}. Give a whole number.`);
  if (options.data === undefined) problems.push("`data` is missing. Give { xs, ys }.");
  if (options.trainable === undefined)
    problems.push('`trainable` is missing. Give a selector, for example "head/**" or "all".');
  if (options.loss === undefined)
    problems.push('`loss` is missing. Give a name, for example "categoricalCrossentropy".');
  else problems.push(...mistakes(Object.values(listed(options.loss)), lossFunction));
  problems.push(...mistakes(options.metrics ?? [], metricOf));
  if (options.cache !== undefined && options.cache !== "memory" && options.cache !== false)
    problems.push(`\`cache\` is ${JSON.stringify(options.cache)}. Give "memory" or false.`);
  if (problems.length > 0)
    throw new OptionsError(`fineTune has ${problems.length} wrong option(s).`, problems.join("\n"));
}

function listed(loss: FineTuneOptions["loss"]): readonly Loss[] | { readonly [output: string]: Loss } {
  return typeof loss === "string" || typeof loss === "function" ? [loss] : loss;
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
  const missing = outputs.filter((name) => byName[name] === undefined);
  if (stray.length + missing.length > 0) {
    throw new OptionsError(
      "The losses do not match the outputs.",
      [
        ...stray.map((name) => `There is no output \`${name}\`. The model has ${outputs.join(", ")}.`),
        ...missing.map((name) => `\`${name}\` has no loss.`),
      ].join("\n"),
    );
  }
  return outputs.map((name) => byName[name] as Loss);
}
