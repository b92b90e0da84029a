import { formatNames, type Param, RecipeError } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import type { Fingerprint } from "../../models/fingerprint.ts";

/** What stood in a variable before a run of this process first wrote it: a model that a run left half trained is still that run's. */
const baseHashes = new WeakMap<tf.Variable, string>();

type Written = Pick<Param, "name" | "variable">;

/** Remembers the base of what a run will write. */
export function noteResumeBase(written: readonly Written[], base: Fingerprint): void {
  for (const { name, variable } of written) {
    const hash = base.get(name);
    if (hash !== undefined) baseHashes.set(variable, hash);
  }
}

/**
 * Whether a model may go on with a run that began at `base`: what the run does not write is compared elsewhere, and what it writes
 * comes from the checkpoint, so a head that was drawn anew does no harm.
 *
 * @param now of the model as it is. @returns a warning where some of it is none of the base, undefined where all of it is.
 * @throws RecipeError where nothing is: another model was loaded.
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
      "The checkpoint is of a run on another base: no weight of the model is what that run began with.",
      "Load the model that was tuned, as it was before tuning; nothing was changed.",
    );
  }
  return `${strange.length} weight(s), ${names} first, are not what the run began with. The checkpoint's take their place; a delta of the result needs the first ones, so give new layers' initializers a seed.`;
}
