import { type LayersLike, namedWeights } from "@graftjs/core";
import type { CutModel, ModelAdapter } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import type { Block } from "./block.ts";
import { type LayeredBlock, layeredBlocks } from "./block-layers.ts";
import { scopeOf } from "./scope.ts";
import { splitBlocks } from "./split-blocks.ts";

/** The shape of an input or output. Axis 0 is the batch; null means any size. */
export type PortShape = readonly (number | null)[];

/** A model written as a list of blocks. */
export interface BlockModelOptions {
  /** @default "blocks" */
  readonly name?: string;
  /** Inputs by name: the shape, or the shape with the dtype that data are cast to. */
  readonly inputs: { readonly [name: string]: PortShape | { readonly shape: PortShape; readonly dtype: tf.DataType } };
  /** Shapes of the outputs by name. The last block returns the outputs in this order. */
  readonly outputs: { readonly [name: string]: PortShape };
  /** The blocks in the order in which they run. */
  readonly blocks: readonly Block[];
}

/** A model that `fineTune` accepts, and that predicts. */
export interface BlockModel extends ModelAdapter {
  /**
   * Computes the outputs from the inputs. The caller owns the returned tensors.
   *
   * @param inputs in the order of the model's inputs
   */
  predict(inputs: readonly tf.Tensor[]): tf.Tensor[];
}

/**
 * Makes a model of blocks tunable. A block's name and the paths of its variables make the stable names of its weights. The trunk is the
 * longest prefix of blocks without trained or adapted weights and without random numbers. It runs once per example, and its output
 * is cached. Variables under one path make a layer that patches can change.
 *
 * @throws OptionsError if the list of blocks is empty, or for names that are empty or not unique, or for a variable in two places.
 */
export function blockModel({ name = "blocks", inputs, outputs, blocks: given }: BlockModelOptions): BlockModel {
  const blocks = layeredBlocks(given);
  const patchable: LayersLike = { name, layers: blocks.flatMap(({ layers }) => [...layers.values()]) };
  const ports: ModelAdapter["ports"] = {
    inputNames: Object.keys(inputs),
    outputNames: Object.keys(outputs),
    inputs: Object.values(inputs).map((port) => ("shape" in port ? port : { shape: port })),
    outputs: Object.values(outputs).map((shape) => ({ shape })),
  };
  return {
    name,
    ports,
    patchable,
    weights: namedWeights(patchable),
    cut: (trained, changes) => {
      const split = splitBlocks(blocks, trained, changes);
      return cutAt(blocks, split, ports.inputNames);
    },
    predict: (values) => tf.tidy(() => run(blocks, values, false).map((tensor) => tf.clone(tensor))),
  };
}

function cutAt(
  blocks: readonly LayeredBlock[],
  { blocks: count, stop }: ReturnType<typeof splitBlocks>,
  inputNames: readonly string[],
): CutModel {
  const [trunk, tail] = [blocks.slice(0, count), blocks.slice(count)];
  const layersOf = (part: readonly LayeredBlock[]) => part.flatMap(({ layers }) => [...layers.values()]);
  const weights = layersOf(trunk).flatMap((layer) => layer.weights);
  return {
    trunk: {
      layers: trunk.length,
      of: blocks.length,
      parameters: weights.reduce((sum, weight) => sum + weight.read().size, 0),
      stops: stop ? [stop] : [],
      frontier: trunk.length > 0 ? [(trunk.at(-1) as LayeredBlock).block.name] : inputNames,
    },
    sources: trunk.length > 0 ? [-1] : inputNames.map((_, i) => i),
    tail: { bytes: undefined, kinds: new Set(layersOf(tail).map((layer) => layer.getClassName())) },
    batchStatistics: [],
    runTrunk: (inputs) => run(trunk, inputs, true).map((tensor) => ({ tensor, mask: null })),
    runTail: (values, training, note) => [
      ...run(
        tail,
        values.map(({ tensor }) => tensor),
        training,
        ({ name }, tensors) => note?.(`\`${name}\` (block)`, tensors),
      ),
    ],
    penalties: () => [],
  };
}

/** Runs blocks one after another. Each block's intermediate tensors are freed, unless a gradient needs them. */
function run(
  blocks: readonly LayeredBlock[],
  inputs: readonly tf.Tensor[],
  training: boolean,
  visit?: (block: Block, outputs: readonly tf.Tensor[]) => void,
): readonly tf.Tensor[] {
  return blocks.reduce((values, layered) => {
    const next = tf.tidy(() => {
      const result = layered.block.call(values, scopeOf(layered, training));
      return result instanceof tf.Tensor ? [result] : [...result];
    });
    visit?.(layered.block, next);
    return next;
  }, inputs);
}
