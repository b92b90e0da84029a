import { formatNames, GraftError, type Param } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import type { SafetensorsFile } from "../files/safetensors/format.ts";
import { readSafetensors } from "../files/safetensors/read.ts";
import { stored, tensorOf } from "../files/safetensors/tensors.ts";
import { writeSafetensors } from "../files/safetensors/write.ts";
import { adaptModel, type TunableModel } from "../models/adapt-model.ts";
import { cardOf, type ModelCard } from "../models/save/model-card.ts";
import {
  type Fingerprint,
  fingerprint,
  fingerprintDigest,
  fingerprintSync,
  hashOf,
  type Printed,
} from "../models/fingerprint.ts";

/** A delta does not fit the model, or two deltas do not fit each other. */
export class DeltaError extends GraftError {
  override name = "DeltaError";
}

export interface SaveDeltaOptions {
  /** Description of the run for people and tools. It is stored as JSON and never evaluated. */
  readonly recipe?: unknown;
  /** Facts that an app needs to use the tuned model, such as the names of the classes. @default none */
  readonly card?: ModelCard;
}

/** The input of `saveDelta`. The result of `fineTune` has these fields. */
export interface DeltaSource {
  /** Fingerprint of the model before training. */
  readonly base: Fingerprint;
  /** Trained parameters. Parameters that a patch added are saved too, although the model does not list them. @default [] */
  readonly params?: readonly Param[];
}

export interface ApplyDeltaOptions {
  /** Parameters that a patch added to the model: the field `added` of the handle that its `apply` returned. @default [] */
  readonly params?: readonly Param[];
}

/**
 * Encodes the changes made by training as one safetensors file. The file has every tensor that differs from `base` (also batch-norm
 * statistics and parameters added by patches), a digest of the base, and the recipe. For a GraphModel or functions, pass the adapter.
 *
 * @param source the result of `fineTune`. If you trained in another way, take a fingerprint before training:
 *   `{ base: await fingerprint(namedWeights(model)) }` for a LayersModel, `fingerprint(adapter.weights)` for other models.
 * @throws DeltaError if parameters added by a patch are already freed. Save the delta before `result.restore()`.
 */
export async function saveDelta(
  model: TunableModel,
  { base, params = [] }: DeltaSource,
  { recipe, card }: SaveDeltaOptions = {},
): Promise<Uint8Array> {
  const weights = withAdded(model, params);
  const freed = weights.filter(({ variable }) => variable.isDisposed).map(({ name }) => name);
  if (freed.length > 0)
    throw new DeltaError(
      `${formatNames(freed)}: added by a patch, but already freed.`,
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
      ...(card ? [["card", JSON.stringify(card)] as const] : []),
    ]),
  );
}

/**
 * Assigns the tensors of a delta to the base model. Reads the model synchronously, so use {@link applyDeltaAsync} on WebGPU. Applying
 * the same delta twice is allowed.
 *
 * @throws SafetensorsError if the file is damaged; DeltaError if the model is not the base. The model is unchanged then.
 */
export function applyDelta(model: TunableModel, bytes: Uint8Array, { params = [] }: ApplyDeltaOptions = {}): void {
  const weights = withAdded(model, params);
  assign(weights, new Set(params.map(({ name }) => name)), bytes, () => fingerprintSync(weights));
}

/**
 * Does the same as {@link applyDelta} without synchronous reads.
 *
 * @throws SafetensorsError if the file is damaged; DeltaError if the model is not the base. The model is unchanged then.
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

/** Reads a delta. @throws SafetensorsError if the file is damaged; DeltaError if it is not a delta. */
export function readDelta(bytes: Uint8Array): SafetensorsFile {
  const file = readSafetensors(bytes);
  if (file.metadata.get("format") === "graft-delta-1") return file;
  throw new DeltaError(
    "This safetensors file is not a delta.",
    "Write deltas with saveDelta. Load complete weights with loadSafetensors.",
  );
}

/** Reads the facts that are stored with a delta. Returns undefined if it has none. @throws DeltaError if the file is not a delta */
export function readDeltaCard(bytes: Uint8Array): ModelCard | undefined {
  return cardOf(metadataJson(readDelta(bytes).metadata, "card"));
}

/** Lists the model's weights, and the parameters in `params` that the model does not list. */
function withAdded(model: TunableModel, params: readonly Param[]): readonly Printed[] {
  const { weights } = adaptModel(model);
  const listed = new Set(weights.map(({ name }) => name));
  return [...weights, ...params.filter(({ name }) => !listed.has(name))];
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
    return String(weight.shape) === String(shape) ? [] : [`${name} is [${shape}], but in the model [${weight.shape}]`];
  });
  if (problems.length > 0) {
    const adapter = [...tensors.keys()].some((name) => ADDED.test(name) && !byName.has(name));
    throw new DeltaError(
      "The delta is for another model.",
      [...problems, ...(adapter ? [HOW_TO_ADAPT] : [])].join("\n"),
    );
  }
  const broken = [...tensors].filter(([, tensor]) => !allFinite(tensor)).map(([name]) => name);
  if (broken.length > 0)
    throw new DeltaError(
      `The delta has values that are not finite in ${formatNames(broken)}.`,
      "Tune the model again.",
    );
  const current = new Map([...print()].filter(([name]) => !added.has(name)));
  if (fingerprintDigest(withoutDelta(current, tensors, replacedBy(metadata))) !== metadata.get("base")) {
    throw new DeltaError(
      `The delta is for another base: ${formatNames([...tensors.keys()].slice(0, 3))} fit by name and shape, but the model has other values.`,
      "Load the same model as before tuning. Nothing was changed.",
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

/** Roles of the parameters that adapters add. */
const ADDED = /\b(lora|lokr|ia3|ssf)_\w+$/;
const HOW_TO_ADAPT =
  "An adapter added some of these. Apply its patch first: const { added } = lora().apply(model); applyDelta(model, bytes, { params: added })";

/** Returns whether every value of a tensor is finite. Deltas store floating-point values as F32. */
function allFinite({ dtype, data }: { readonly dtype: string; readonly data: Uint8Array }): boolean {
  return dtype !== "F32" || new Float32Array(Uint8Array.from(data).buffer).every(Number.isFinite);
}

const DTYPES: Readonly<Record<string, string>> = { F32: "float32", I32: "int32", BOOL: "bool" };

/** Returns the fingerprint of the model before the delta, even if some or all tensors of the delta are already applied. */
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

/** Reads the hashes of the base tensors that a delta replaces. @throws DeltaError if the metadata cannot be read. */
export function replacedBy(metadata: SafetensorsFile["metadata"]): Readonly<Record<string, string>> {
  return (metadataJson(metadata, "replaces") as Record<string, string> | null) ?? {};
}

/** Reads one entry of a delta's metadata; null if it is missing. @throws DeltaError if the entry is not JSON. */
export function metadataJson(metadata: SafetensorsFile["metadata"], key: "recipe" | "replaces" | "card"): unknown {
  const text = metadata.get(key) ?? "null";
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new DeltaError(`\`${key}\` in the delta is not JSON: ${text.slice(0, 40)}.`, "Write deltas with saveDelta.", {
      cause,
    });
  }
}
