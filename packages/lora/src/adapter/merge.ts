import { GraftError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { biasOf } from "../layers/linear.ts";
import type { Change } from "../methods/change.ts";

/** The merge of one adapter, with the weights of the base. */
export interface Merged {
  /** Puts the base weights back and returns the largest change since the merge. @throws GraftError if it is not the last merge */
  undo(): number;
  /** Frees the base weights: the merge cannot be undone afterwards. */
  forget(): void;
}

/** One merged weight. */
interface Kept {
  readonly variable: tf.Variable;
  /** The value before the merge. */
  readonly base: tf.Tensor;
  /** The value that the merge wrote. */
  readonly written: tf.Tensor;
}

/** The merges of each weight, the last one at the end. */
const merges = new WeakMap<tf.Variable, Kept[]>();

/** Writes changes into the weights of their layers. @throws GraftError if it was done already */
export function mergeChanges(
  changes: readonly Change[],
  { again, released }: { readonly again: boolean; readonly released: boolean },
): Merged {
  if (again) throw new GraftError("The adapter is merged already.", "Call unmerge() first.");
  if (released) throw new GraftError("The adapter was taken off the model.", "Merge it before restore().");
  const kept = changes.flatMap(mergeOne);
  const free = (): void => {
    for (const { variable, base, written } of kept) {
      merges.set(
        variable,
        (merges.get(variable) ?? []).filter((one) => one.base !== base),
      );
      tf.dispose([base, written]);
    }
  };
  return {
    undo() {
      if (kept.some(({ variable, base }) => merges.get(variable)?.at(-1)?.base !== base))
        throw new GraftError("Another adapter was merged after this one.", "Unmerge that one first.");
      const changed = kept.map(({ variable, written }) => difference(variable, written));
      for (const { variable, base } of kept) variable.assign(base);
      free();
      return Math.max(0, ...changed);
    },
    forget: free,
  };
}

function mergeOne({ target, merge }: Change): Kept[] {
  const kernel = target.weight.variable;
  const bias = target.kind === "inside" ? undefined : biasOf(target);
  const made = tf.tidy(() => {
    const merged = merge({ kernel, bias });
    return { kernel: tf.clone(merged.kernel), ...(merged.bias && bias ? { bias: tf.clone(merged.bias) } : {}) };
  });
  const keep = (variable: tf.Variable, written: tf.Tensor): Kept => {
    const one = { variable, base: tf.clone(variable), written };
    variable.assign(written);
    merges.set(variable, [...(merges.get(variable) ?? []), one]);
    return one;
  };
  return [keep(kernel, made.kernel), ...(made.bias && bias ? [keep(bias, made.bias)] : [])];
}

function difference(a: tf.Tensor, b: tf.Tensor): number {
  return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0] as number);
}
