import { GraftError, list, type NamedWeight } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import { type TunableModel, traineeOf } from "../model/trainee-of.ts";
import { readSafetensors } from "../safetensors/read.ts";
import { stored, tensorOf } from "../safetensors/tensors.ts";
import { writeSafetensors } from "../safetensors/write.ts";
import { digest, type Fingerprint, fingerprint, fingerprintSync } from "./fingerprint.ts";

/** A delta does not fit the model it is applied to, or the deltas do not fit each other. */
export class DeltaError extends GraftError {}

export interface SaveDeltaOptions {
  /** What made it, for people and tools: stored as JSON, never evaluated. */
  readonly recipe?: unknown;
}

/**
 * What training changed, as one safetensors file: every tensor that differs from `base`, batch-norm statistics included, the
 * digest of the base, and the recipe. Of a GraphModel or functions pass the trainee.
 *
 * @param base fingerprint of the model before training: `result.base` of `fineTune`, or `fingerprint(namedWeights(model))`
 *   of a LayersModel, `fingerprint(trainee.weights)` of the others.
 */
export async function saveDelta(
  model: TunableModel,
  { base }: { readonly base: Fingerprint },
  { recipe }: SaveDeltaOptions = {},
): Promise<Uint8Array> {
  const weights = traineeOf(model).weights;
  const now = await fingerprint(weights);
  const changed = weights.filter(({ name }) => base.get(name) !== now.get(name));
  const tensors = await Promise.all(
    changed.map(async ({ name, variable }) => [name, stored(variable, await variable.data())] as const),
  );
  return writeSafetensors(
    new Map(tensors),
    new Map([
      ["format", "graft-delta-1"],
      ["base", digest(base)],
      ["tuned", digest(now)],
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
export function applyDelta(model: TunableModel, bytes: Uint8Array): void {
  const weights = traineeOf(model).weights;
  assign(weights, bytes, () => fingerprintSync(weights));
}

/** As {@link applyDelta}, without a synchronous read. */
export async function applyDeltaAsync(model: TunableModel, bytes: Uint8Array): Promise<void> {
  const weights = traineeOf(model).weights;
  const print = await fingerprint(weights);
  assign(weights, bytes, () => print);
}

function assign(weights: readonly NamedWeight[], bytes: Uint8Array, print: () => Fingerprint): void {
  const { metadata, tensors } = readSafetensors(bytes);
  if (metadata.get("format") !== "graft-delta-1") {
    throw new DeltaError(
      "This safetensors file is no delta.",
      "Write one with saveDelta; load whole weights with loadSafetensors.",
    );
  }
  const byName = new Map(weights.map((weight) => [weight.name, weight]));
  const problems = [...tensors].flatMap(([name, { shape }]) => {
    const weight = byName.get(name);
    if (!weight) return [`${name} is not in the model`];
    return String(weight.shape) === String(shape) ? [] : [`${name} is [${shape}], in the model [${weight.shape}]`];
  });
  if (problems.length > 0) throw new DeltaError("The delta is for another model.", problems.join("\n"));
  const found = digest(print());
  if (found === metadata.get("tuned")) return;
  if (found !== metadata.get("base")) {
    throw new DeltaError(
      `The delta is for another base: ${list([...tensors.keys()].slice(0, 3))} fit by name and shape, the model's values are others.`,
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
