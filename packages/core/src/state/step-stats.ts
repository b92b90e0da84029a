import * as tf from "@tensorflow/tfjs-core";
import { RecipeError } from "../errors.ts";
import type { TensorMap } from "../params/tensor-map.ts";
import type { StatefulOptimizer } from "./state.ts";
import type { StateTree } from "./tree.ts";

/** Norms on the device, by quantity and parameter. `stats` is the name under which `readStats` reports them. */
export type NormStats = {
  readonly stats: string;
  readonly norms: { readonly [quantity: string]: TensorMap };
};

/**
 * Values of all parameters in one tensor per quantity: entry i belongs to `names[i]`, and the tensor's key names the
 * quantity. `readStats` finds them in the state as it finds {@link NormStats}.
 */
export type VectorStats = {
  readonly stats: string;
  readonly names: readonly string[];
  readonly [quantity: string]: StateTree;
};

/** One quantity that a hook or a rule measured. Entry i of `vector` belongs to `names[i]`. */
interface Reading {
  readonly path: string;
  readonly names: readonly string[];
  /** Whether the entries are norms: norms have a total over all parameters. */
  readonly norms: boolean;
  readonly vector: () => tf.Tensor;
}

/** Whether a hook or the rule measures something that `readStats` would read. Also right before the first step. */
export function hasStats(optimizer: StatefulOptimizer): boolean {
  return tf.tidy(() => readingsIn(optimizer.state ?? optimizer.initialState()).length > 0);
}

/**
 * Reads the measurements of the last step in one awaited read. `raw/gradient` is the norm over all parameters and
 * `raw/gradient/head/kernel` that of one parameter, for a `gradientStats("raw")`; `trust/ratios/head/kernel` comes from
 * `lars` and `lamb`. Call it between steps: `fineTune` does, and gives the result to observers as `stats`.
 *
 * @throws RecipeError if nothing in the optimizer measures.
 */
export async function readStats(optimizer: StatefulOptimizer): Promise<Readonly<Record<string, number>>> {
  if (!optimizer.state) return {};
  const readings = readingsIn(optimizer.state);
  if (readings.length === 0) {
    throw new RecipeError(
      "Nothing in the optimizer measures.",
      'Add gradientStats("before") to its hooks, or wrap the rule in updateStats.',
    );
  }
  // Behind a mask whose parameters are all frozen, nothing has been measured yet.
  const filled = readings.filter(({ names }) => names.length > 0);
  if (filled.length === 0) return {};
  const packed = tf.tidy(() => tf.concat(filled.map(({ vector }) => vector())));
  const values = await packed.data();
  packed.dispose();
  let at = 0;
  return Object.fromEntries(
    filled.flatMap(({ path, names, norms }) => {
      const each = names.map((name) => [`${path}/${name}`, values[at++] as number] as const);
      return norms ? [[path, Math.hypot(...each.map(([, norm]) => norm))] as const, ...each] : each;
    }),
  );
}

function readingsIn(node: StateTree): Reading[] {
  if (node === null || typeof node !== "object" || node instanceof tf.Tensor) return [];
  if (isNormStats(node)) {
    return Object.entries(node.norms).map(([quantity, map]) => ({
      path: node.stats === quantity ? quantity : `${node.stats}/${quantity}`,
      names: Object.keys(map),
      norms: true,
      vector: () => tf.stack(Object.values(map)),
    }));
  }
  if (isVectorStats(node)) {
    return Object.entries(node).flatMap(([quantity, value]) =>
      value instanceof tf.Tensor
        ? [{ path: `${node.stats}/${quantity}`, names: node.names, norms: false, vector: () => value }]
        : [],
    );
  }
  return Object.values(node).flatMap((child) => readingsIn(child as StateTree));
}

function isNormStats(node: object): node is NormStats {
  return "stats" in node && "norms" in node;
}

function isVectorStats(node: object): node is VectorStats {
  return "stats" in node && "names" in node;
}
