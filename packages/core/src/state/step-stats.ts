import * as tf from "@tensorflow/tfjs-core";
import { RecipeError } from "../errors.ts";
import type { StatefulOptimizer } from "./state.ts";
import type { StateTree } from "./tree.ts";

/**
 * Measurements of one hook or rule on the device: one tensor per quantity, whose entry i belongs to `names[i]`. The key
 * of a tensor names the quantity; `stats` is the name under which `readStats` reports them.
 */
export type StepStats = {
  readonly stats: string;
  readonly names: readonly string[];
  /** Whether the entries are norms: norms have a total over all parameters. @default false */
  readonly norms?: true;
  readonly [quantity: string]: StateTree;
};

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
  const packed = tf.tidy(() => tf.concat(filled.map(({ values }) => values)));
  const numbers = await packed.data();
  packed.dispose();
  let at = 0;
  return Object.fromEntries(
    filled.flatMap(({ path, names, norms }) => {
      const each = names.map((name) => [`${path}/${name}`, numbers[at++] as number] as const);
      return norms ? [[path, Math.hypot(...each.map(([, norm]) => norm))] as const, ...each] : each;
    }),
  );
}

/** One quantity that a hook or a rule measured. */
interface Reading {
  readonly path: string;
  readonly names: readonly string[];
  readonly norms: boolean;
  readonly values: tf.Tensor;
}

function readingsIn(node: StateTree): Reading[] {
  if (node === null || typeof node !== "object" || node instanceof tf.Tensor) return [];
  if (!isStats(node)) return Object.values(node).flatMap((child) => readingsIn(child as StateTree));
  const { stats, names, norms = false } = node;
  return Object.entries(node).flatMap(([quantity, values]) =>
    values instanceof tf.Tensor
      ? [{ path: stats === quantity ? quantity : `${stats}/${quantity}`, names, norms, values }]
      : [],
  );
}

function isStats(node: object): node is StepStats {
  return "stats" in node && "names" in node;
}
