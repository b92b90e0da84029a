import { formatNames, type Param, RecipeError } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import type { Fingerprint } from "../../models/fingerprint.ts";

/**
 * Hashes of variables before a run of this process first wrote them. A model that a run left half trained can therefore still
 * resume that run.
 */
const baseHashes = new WeakMap<tf.Variable, string>();

type Written = Pick<Param, "name" | "variable">;

/** Remembers the original values of the variables that a run will write. */
export function noteResumeBase(written: readonly Written[], base: Fingerprint): void {
  for (const { name, variable } of written) {
    const hash = base.get(name);
    if (hash !== undefined) baseHashes.set(variable, hash);
  }
}

/**
 * Checks whether a model may resume a run that started from `base`. Weights that the run does not write are compared elsewhere.
 * Weights that it writes come from the checkpoint, so a head with new random values does no harm.
 *
 * @param now fingerprint of the model as it is.
 * @returns a warning if some weights differ from the base, else undefined.
 * @throws RecipeError if all weights differ: another model was loaded.
 */
export function assertResumeBase(written: readonly Written[], base: Fingerprint, now: Fingerprint): string | undefined {
  const strange = written.filter(({ name, variable }) => {
    const hash = base.get(name);
    return hash !== undefined && now.get(name) !== hash && baseHashes.get(variable) !== hash;
  });
  if (strange.length === 0) return undefined;
  const names = formatNames(strange.map(({ name }) => name).slice(0, 3));
  if (strange.length === base.size) {
    throw new RecipeError(
      "The checkpoint is of a run on another base: every weight of the model differs from that run's.",
      "Load the model as it was before that run. Nothing was changed.",
    );
  }
  return `${strange.length} weight(s), ${names} first, differ from the ones that the run started with. The checkpoint's values are used. \`saveDelta\` needs the original values: set a seed on new layers' initializers.`;
}
