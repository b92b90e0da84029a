import { formatNames, type LayersLike, SelectionError, type Selector, selectParams } from "@graftjs/core";
import { findTargets } from "./find-targets.ts";
import type { Target } from "./target.ts";

/** Selects weights: a selector over their stable names, or every kernel except the last layer's. */
export type TargetSelector = Selector | "all-linear";

/**
 * Returns the targets that `selector` matches, in the order of the layers.
 *
 * @param what names the caller: "`target` of `lora`".
 * @throws SelectionError if the model has no target, or if a pattern matches none.
 */
export function selectTargets(model: LayersLike, selector: TargetSelector, what: string): readonly Target[] {
  const found = findTargets(model);
  if (found.length === 0)
    throw new SelectionError(
      `${what} finds no kernel of a dense, convolution or recurrent layer, and no embedding, in \`${model.name}\`.`,
      "Adapters change such weights. Use another model, or write it as blocks.",
    );
  if (selector === "all-linear") {
    const kernels = found.filter(({ kind }) => kind !== "embedding");
    const head = kernels.at(-1)?.path;
    const body = kernels.filter(({ path }) => path !== head);
    if (body.length > 0) return body;
    throw new SelectionError(
      `${what} is "all-linear", which leaves the last layer out, and the model has no other kernel.`,
      `Name the weights: ${formatNames(found.map(({ name }) => name))}.`,
    );
  }
  const byName = new Map(found.map((target) => [target.name, target]));
  return selectParams(
    found.map(({ weight }) => weight),
    selector,
    what,
  ).map(({ name }) => byName.get(name) as Target);
}
