import { OptionsError } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import type { Block } from "./block.ts";
import { BlockLayer } from "./block-layer.ts";

/** A block with its layers, by their paths within the block. */
export interface LayeredBlock {
  readonly block: Block;
  readonly layers: ReadonlyMap<string, BlockLayer>;
}

/**
 * Groups the variables of each block by the path before the role. Each group becomes one layer.
 *
 * @throws OptionsError if the list of blocks is empty, or for names that are empty or not unique, or for a variable in two places.
 */
export function layeredBlocks(blocks: readonly Block[]): readonly LayeredBlock[] {
  if (blocks.length === 0)
    throw new OptionsError("The model has no blocks.", 'Give blocks: [{ name: "head", variables, call }].');
  const layered = blocks.map((block) => ({ block, layers: layersOf(block) }));
  assertNames(layered);
  assertOnce(layered);
  return layered;
}

function layersOf({ name, variables = {} }: Block): ReadonlyMap<string, BlockLayer> {
  const groups = new Map<string, Map<string, tf.Variable>>();
  for (const [path, variable] of Object.entries(variables)) {
    if (path.split("/").includes(""))
      throw new OptionsError(
        `Block \`${name}\`: the path "${path}" of a variable has an empty part.`,
        'Write "query/kernel".',
      );
    const slash = path.lastIndexOf("/");
    const layer = path.slice(0, Math.max(0, slash));
    const group = groups.get(layer) ?? new Map<string, tf.Variable>();
    groups.set(layer, group.set(path.slice(slash + 1), variable));
  }
  return new Map(
    [...groups].map(([layer, group]) => [layer, new BlockLayer(layer === "" ? name : `${name}/${layer}`, group)]),
  );
}

function assertNames(layered: readonly LayeredBlock[]): void {
  const seen = new Set<string>();
  for (const { block, layers } of layered) {
    if (block.name.split("/").includes(""))
      throw new OptionsError(
        `The block name "${block.name}" is empty or has an empty part.`,
        'Write "encoder/layer/0".',
      );
    const names = new Set([block.name, ...[...layers.values()].map(({ name }) => name)]);
    const twice = [...names].find((name) => seen.has(name));
    if (twice !== undefined)
      throw new OptionsError(`Two blocks use the name \`${twice}\`.`, "Give each block a name of its own.");
    for (const name of names) seen.add(name);
  }
}

function assertOnce(layered: readonly LayeredBlock[]): void {
  const places = new Map<tf.Tensor, string>();
  for (const { layers } of layered)
    for (const { weights } of layers.values())
      for (const weight of weights) {
        const [variable, place] = [weight.read(), weight.originalName];
        const earlier = places.get(variable);
        if (earlier !== undefined)
          throw new OptionsError(
            `\`${earlier}\` and \`${place}\` are the same variable.`,
            "Give the variable to one block. Return its value from that block if a later block needs it.",
          );
        places.set(variable, place);
      }
}
