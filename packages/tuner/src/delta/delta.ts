import { formatNames, GraftError, type Param } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import type { SafetensorsFile } from "../files/safetensors/format.ts";
import { readSafetensors } from "../files/safetensors/read.ts";
import { stored, tensorOf } from "../files/safetensors/tensors.ts";
import { writeSafetensors } from "../files/safetensors/write.ts";
import { adaptModel, type TunableModel } from "../models/adapt-model.ts";
import {
  type Fingerprint,
  fingerprint,
  fingerprintDigest,
  fingerprintSync,
  hashOf,
  type Printed,
} from "../models/fingerprint.ts";

/** A delta does not fit the model it is applied to, or the deltas do not fit each other. */
export class DeltaError extends GraftError {}

export interface SaveDeltaOptions {
  /** What made it, for people and tools: stored as JSON, never evaluated. */
  readonly recipe?: unknown;
}

/** What a delta is made of: the result of `fineTune` has it. */
export interface DeltaSource {
  /** Fingerprint of the model before training. */
  readonly base: Fingerprint;
  /** What was trained: those among them that a patch added, and the model itself does not list, are saved as well. @default [] */
  readonly params?: readonly Param[];
}

export interface ApplyDeltaOptions {
  /** Parameters that a patch added to the model: `added` of what its `apply` returned. @default [] */
  readonly params?: readonly Param[];
}

/**
 * What training changed, as one safetensors file: every tensor that differs from `base`, batch-norm statistics and what patches
 * added included, the digest of the base, and the recipe. Of a GraphModel or functions pass the adapter.
 *
 * @param source the result of `fineTune`; or, trained otherwise, `{ base: await fingerprint(namedWeights(model)) }` of a
 *   LayersModel as it was before, `fingerprint(adapter.weights)` of the others.
 * @throws DeltaError where what a patch added is freed already: save before `result.restore()` then.
 */
export async function saveDelta(
  model: TunableModel,
  { base, params = [] }: DeltaSource,
  { recipe }: SaveDeltaOptions = {},
): Promise<Uint8Array> {
  const weights = withAdded(model, params);
  const freed = weights.filter(({ variable }) => variable.isDisposed).map(({ name }) => name);
  if (freed.length > 0)
    throw new DeltaError(
      `${formatNames(freed)} were added by a patch and are freed.`,
      "Save the delta before result.restore().",
    );
  const now = await fingerprint(weights);
  const changed = weights.filter(({ name }) => base.get(name) !== now.get(name));
  const tensors = await Promise.all(
    changed.map(async ({ name, variable }) => [name, stored(variable, await variable.data())] as const),
  );
  return writeSafetensors(
    new Map(tensors),
    new Map([
      ["format", "graft-delta-1"],
      ["base", fingerprintDigest(base)],
      ["replaces", JSON.stringify(Object.fromEntries(changed.map(({ name }) => [name, base.get(name)])))],
      ["recipe", JSON.stringify(recipe ?? null)],
    ]),
  );
}

/**
 * Puts the tensors of a delta into the model it was made from. Reads the model synchronously; on WebGPU use
 * {@link applyDeltaAsync}.
 *
 * A model that holds the delta already stays as it is.
 *
 * @throws SafetensorsError for a damaged file, DeltaError for another base; the model is untouched then.
 */
export function applyDelta(model: TunableModel, bytes: Uint8Array, { params = [] }: ApplyDeltaOptions = {}): void {
  const weights = withAdded(model, params);
  assign(weights, new Set(params.map(({ name }) => name)), bytes, () => fingerprintSync(weights));
}

/**
 * As {@link applyDelta}, without a synchronous read.
 *
 * @throws SafetensorsError for a damaged file, DeltaError for another base; the model is untouched then.
 */
export async function applyDeltaAsync(
  model: TunableModel,
  bytes: Uint8Array,
  { params = [] }: ApplyDeltaOptions = {},
): Promise<void> {
  const weights = withAdded(model, params);
  const print = await fingerprint(weights);
  assign(weights, new Set(params.map(({ name }) => name)), bytes, () => print);
}

/** @throws SafetensorsError for a damaged file, DeltaError for one of another kind. */
export function readDelta(bytes: Uint8Array): SafetensorsFile {
  const file = readSafetensors(bytes);
  if (file.metadata.get("format") === "graft-delta-1") return file;
  throw new DeltaError(
    "This safetensors file is no delta.",
    "Write one with saveDelta; load whole weights with loadSafetensors.",
  );
}

/** The model's weights, and those of `params` that it does not list. */
function withAdded(model: TunableModel, params: readonly Param[]): readonly Printed[] {
  const { weights } = adaptModel(model);
  const own = new Set(weights.map(({ name }) => name));
  return [...weights, ...params.filter(({ name }) => !own.has(name))];
}

function assign(
  weights: readonly Printed[],
  added: ReadonlySet<string>,
  bytes: Uint8Array,
  print: () => Fingerprint,
): void {
  const { metadata, tensors } = readDelta(bytes);
  const byName = new Map(weights.map((weight) => [weight.name, weight]));
  const problems = [...tensors].flatMap(([name, { shape }]) => {
    const weight = byName.get(name);
    if (!weight) return [`${name} is not in the model`];
    return String(weight.shape) === String(shape) ? [] : [`${name} is [${shape}], in the model [${weight.shape}]`];
  });
  if (problems.length > 0) throw new DeltaError("The delta is for another model.", problems.join("\n"));
  const own = new Map([...print()].filter(([name]) => !added.has(name)));
  if (fingerprintDigest(withoutDelta(own, tensors, replacedBy(metadata))) !== metadata.get("base")) {
    throw new DeltaError(
      `The delta is for another base: ${formatNames([...tensors.keys()].slice(0, 3))} fit by name and shape, the model's values are others.`,
      "Load the model that was tuned, as it was before tuning; nothing was changed.",
    );
  }
  const made: tf.Tensor[] = [];
  try {
    for (const [name, tensor] of tensors) made.push(tensorOf(tensor, name));
    [...tensors.keys()].forEach((name, i) => {
      byName.get(name)?.variable.assign(made[i] as tf.Tensor);
    });
  } finally {
    for (const tensor of made) tensor.dispose();
  }
}

const DTYPES: Readonly<Record<string, string>> = { F32: "float32", I32: "int32", BOOL: "bool" };

/** What the model was before the delta, where some or all of it is there already: applying it once more is no change then. */
function withoutDelta(
  now: Fingerprint,
  tensors: SafetensorsFile["tensors"],
  replaced: Readonly<Record<string, string>>,
): Fingerprint {
  const before = new Map(now);
  for (const [name, { dtype, shape, data }] of tensors) {
    const former = Object.hasOwn(replaced, name) ? replaced[name] : undefined;
    if (former !== undefined && now.get(name) === hashOf(DTYPES[dtype] ?? dtype, shape, data)) before.set(name, former);
  }
  return before;
}

/** Hashes of what the tensors of a delta stand in for. @throws DeltaError where the file says it in no form that is known. */
export function replacedBy(metadata: SafetensorsFile["metadata"]): Readonly<Record<string, string>> {
  return (metadataJson(metadata, "replaces") as Record<string, string> | null) ?? {};
}

/** A part of a delta's metadata; null where it is not there. @throws DeltaError where it is no JSON. */
export function metadataJson(metadata: SafetensorsFile["metadata"], key: "recipe" | "replaces"): unknown {
  const text = metadata.get(key) ?? "null";
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new DeltaError(`\`${key}\` in the delta is no JSON: ${text.slice(0, 40)}.`, "Write it with saveDelta.", {
      cause,
    });
  }
}
