import * as tf from "@tensorflow/tfjs-core";

/** A layer that merges several inputs of one shape. */
interface Merge {
  getClassName(): string;
  computeMask(inputs: tf.Tensor[], masks?: readonly (tf.Tensor | null | undefined)[] | null): tf.Tensor | null;
}

/** Classes whose `computeMask` in stock tfjs-layers returns a mask with one axis too many, so that the layer after them throws. */
const MERGES: ReadonlySet<string> = new Set(["Add", "Average", "Maximum", "Minimum", "Multiply"]);

/**
 * Corrects the mask of a layer that merges its inputs. As in Keras 3, a place counts if it counts in any input, and the result has no mask
 * if an input has none.
 *
 * @returns a function that undoes the correction, or undefined if the layer is not a merge or its mask was replaced before.
 */
export function correctMergedMask(layer: object): (() => void) | undefined {
  const merge = layer as Merge;
  if (!MERGES.has(merge.getClassName()) || Object.hasOwn(layer, "computeMask")) return undefined;
  merge.computeMask = (_, masks) => {
    if (!masks?.length || masks.some((mask) => !mask)) return null;
    return tf.tidy(() => (masks as readonly tf.Tensor[]).reduce((any, mask) => tf.logicalOr(any, mask)));
  };
  return () => {
    delete (layer as Partial<Merge>).computeMask;
  };
}
