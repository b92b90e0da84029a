import type * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { assertFits, assignTensors } from "./assign-weights.ts";
import { LoadError } from "../../files/load-error.ts";

type Layer = layers.layers.Layer;

/** A stored weight. Keras 3 names it by its path, such as `sequential/lstm/lstm_cell/kernel`. */
export interface StoredWeight {
  readonly name: string;
  readonly tensor: tf.Tensor;
}

/**
 * Sets a model's weights from weights that are named by their paths in Keras 3. A path contains the layer's name, which may follow
 * the names of models. The order within a layer is Keras's.
 *
 * @throws LoadError that names a weight that belongs to no layer, or a layer whose weights do not fit.
 */
export function assignByPath(model: layers.LayersModel, weights: readonly StoredWeight[], file: string): void {
  const leaves = leavesOf(model, []);
  const found = new Map<Leaf, StoredWeight[]>(leaves.map((leaf) => [leaf, []]));
  for (const weight of weights) {
    const leaf = ownerOf(weight.name.split("/"), leaves);
    if (!leaf)
      throw new LoadError(
        `${file} stores the weight \`${weight.name}\`, but the model has no layer for it.`,
        "Do the weights belong to this model?",
      );
    found.get(leaf)?.push(weight);
  }
  for (const [{ layer }, stored] of found) {
    const given = layer.getClassName() === "KerasNormalization" ? stored.filter(isNotCount) : stored;
    const ordered = inOrder(layer, given);
    assertFits(
      layer,
      ordered.map(({ tensor }) => tensor),
      file,
    );
    assignTensors(
      layer,
      ordered.map(({ tensor }) => tensor),
    );
  }
}

interface Leaf {
  readonly layer: Layer;
  /** Names of the models and wrappers around the layer, outermost first, without the whole model's. */
  readonly around: readonly string[];
}

/** Lists a model's layers, and instead of nested models their layers. */
function leavesOf(model: { readonly layers: readonly Layer[] }, around: readonly string[]): Leaf[] {
  return model.layers.flatMap((layer) => {
    const nested = "layers" in layer ? layer : (layer as { layer?: object }).layer;
    if (nested && "layers" in nested)
      return leavesOf(nested as never, [...around, layer.name, (nested as unknown as Layer).name]);
    return [{ layer, around }];
  });
}

/** Finds the layer whose name is in the path. Of several, the one of which most surrounding models are in the path too. */
function ownerOf(path: readonly string[], leaves: readonly Leaf[]): Leaf | undefined {
  const score = ({ layer, around }: Leaf): number => {
    const at = path.lastIndexOf(layer.name, path.length - 2);
    if (at < 0) return -1;
    return around.filter((name) => path.slice(0, at).includes(name)).length;
  };
  let best: { leaf: Leaf; score: number } | undefined;
  for (const leaf of leaves) {
    const reached = score(leaf);
    if (reached >= 0 && reached > (best?.score ?? -1)) best = { leaf, score: reached };
  }
  return best?.leaf;
}

/** Puts a layer's stored weights in the order of the layer if their last names are those of the layer; else keeps their order. */
function inOrder({ weights }: Layer, stored: readonly StoredWeight[]): readonly StoredWeight[] {
  const roles = weights.map(({ originalName }) => originalName.split("/").at(-1));
  const byRole = new Map(stored.map((weight) => [weight.name.split("/").at(-1), weight]));
  if (byRole.size !== stored.length || roles.some((role) => !byRole.has(role))) return stored;
  return roles.map((role) => byRole.get(role) as StoredWeight);
}

/** `Normalization` counts what it was adapted to. Nothing reads the count. */
function isNotCount({ name }: StoredWeight): boolean {
  return !name.endsWith("/count");
}
