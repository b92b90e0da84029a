import { formatNames, rateAt, type Schedule, selectParams } from "@graftjs/core";
import { parseWeightNoise } from "../../noise/weight-noise.ts";
import type { MetricsOption } from "../../metrics/metrics-by-output.ts";
import { withoutLength } from "../../options/rate-of-run.ts";
import { type DataDigest, isDataDigest, isSameData } from "../../pipeline/source/data-digest.ts";
import { parseSam } from "../../sharpness/sam.ts";
import type { Assembly } from "../assembly/assembly.ts";

/** Options that may differ if a run resumes. Any other option must be equal, new ones included. */
const FREE: readonly string[] = [
  ...["epochs", "maxSteps", "observers", "statsEvery", "prefetch", "signal", "control", "collective"],
  // Compared by the digests and by facts of the assembled run.
  ...["data", "validation", "trainable", "unfreeze", "checkpoint", "cache"],
];

/**
 * The facts that must be equal if a run resumes from a checkpoint, as plain data. It leaves out the options that may change, the
 * place of the cache, and the place and interval of checkpoints. `guard` may change if its policy was `throw`, because this policy
 * keeps no state.
 *
 * Schedules are compared by their values. Losses, metrics, hooks, rule, combiner and patches are compared by name. Their options
 * are compared only if `checkpoint.recipe` contains them.
 */
export type Identity = Readonly<Record<string, unknown>>;

/** Digests of weights and data, which are too large to be stored. */
export interface Digests {
  /** Digest of the weights that the run does not write. It differs if the base model is another one. */
  readonly base: string;
  /** Digest of examples from all parts of the data. Undefined for a stream, which is not read for this. */
  readonly data: DataDigest | undefined;
  readonly validation: DataDigest | undefined;
}

/** Collects the identity of a run. */
export function identityOf(assembly: Assembly, digests: Digests): Identity {
  const { optimizer, params, phases, train, validation, patches, metrics, options } = assembly;
  const { augment, cache, checkpoint, combiner, sam, weightNoise } = options;
  const noise = weightNoise === undefined ? undefined : parseWeightNoise(weightNoise);
  return plain({
    ...Object.fromEntries(Object.entries(options).filter(([name]) => !FREE.includes(name))),
    base: digests.base,
    data: digests.data,
    validation: validation && { examples: validation.size, data: digests.validation },
    params: params.map(({ name, shape }) => `${name}[${shape}]`),
    phases: Object.fromEntries(phases.map(({ from, params }) => [from, params.map(({ name }) => name)])),
    patches: patches.map(({ name }) => name),
    hooks: optimizer.hooks.map(({ name }) => name),
    rule: optimizer.rule.name,
    learningRate: ratesOf(options.learningRate),
    rateMultipliers: options.rateMultipliers.map(({ params: selector, factor }) => ({
      on: selectParams(params, selector, "A rate multiplier").map(({ name }) => name),
      by: ratesOf(factor),
    })),
    combiner: combiner?.name,
    loss: assembly.lossDefinitions.map(({ name }) => name),
    metrics: metricNames(metrics, options.metrics),
    examples: train.size,
    order: options.collective && "by place in the batch",
    buffer: train.buffer,
    augment: augment.map(({ name, options }) => (options ? { name, ...options } : name)),
    weightNoise: noise && {
      deviation: noise.deviation,
      on: selectParams(params, noise.on, "`weightNoise.on`").map(({ name }) => name),
    },
    sam: sam === undefined ? undefined : parseSam(sam),
    cachePrecision: typeof cache === "object" ? cache.precision : "float32",
    callbacks: options.callbacks.map(({ name }) => name),
    recipe: checkpoint?.recipe,
  });
}

/** Returns the names of a list of metrics for all outputs, or of the metrics of each output. */
function metricNames(metrics: Assembly["metrics"], given: MetricsOption): readonly (string | readonly string[])[] {
  const names = metrics.map((ofOutput) => ofOutput.map(({ name }) => name));
  return Array.isArray(given) ? (names[0] ?? []) : names;
}

/** Describes a schedule by its rates at powers of two, which do not depend on the length of the run. */
function ratesOf(given: number | Schedule): number | readonly number[] {
  const rate = withoutLength(given);
  if (typeof rate === "number") return rate;
  const steps = [0, ...Array.from({ length: 17 }, (_, i) => 2 ** i)];
  // Six digits, because the last digits of a cosine depend on the machine.
  return steps.map((step) => Number(rateAt(rate, step).toPrecision(6)));
}

/** Turns the identity into the form that it has after a checkpoint is read. */
function plain(identity: Identity): Identity {
  return JSON.parse(JSON.stringify(identity)) as Identity;
}

/** Returns one line for each entry in which two runs differ. */
export function differences(stored: Identity, mine: Identity): string[] {
  const free = (stored.guard as { policy?: string } | undefined)?.policy === "throw" ? ["guard"] : [];
  return keysOf(stored, mine)
    .filter((key) => !free.includes(key))
    .flatMap((key) => between(key, stored[key], mine[key]));
}

function between(key: string, was: unknown, is: unknown): string[] {
  if (JSON.stringify(was) === JSON.stringify(is)) return [];
  if (isDataDigest(was) && isDataDigest(is)) return isSameData(was, is) ? [] : [`${key}: was other examples`];
  if (isRecord(was) && isRecord(is))
    return keysOf(was, is).flatMap((inner) => between(`${key}.${inner}`, was[inner], is[inner]));
  if (isNames(was) && isNames(is)) {
    const [gone, come] = [was.filter((name) => !is.includes(name)), is.filter((name) => !was.includes(name))];
    if (gone.length + come.length === 0) return [`${key}: in another order`];
    const part = (what: string, names: readonly string[]): string[] =>
      names.length > 0 ? [`${what} ${formatNames(names)}`] : [];
    return [`${key}: ${[...part("had", gone), ...part("has", come)].join(", ")}`];
  }
  return [`${key}: was ${short(was)}, is ${short(is)}`];
}

function keysOf(a: object, b: object): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === "string");
}

function short(value: unknown): string {
  const text = JSON.stringify(value);
  if (text === undefined) return "absent";
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
