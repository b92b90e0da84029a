import { namedWeights, type Param } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import type { Changes, CutModel, ModelAdapter } from "../adapter/model-adapter.ts";
import type { Value } from "../adapter/value.ts";
import { execute, refKey, type Values } from "./execute.ts";
import { flatten, type GraphNode } from "./layer-graph.ts";
import type { LayersModelLike, SymbolicLike } from "./layers-model.ts";
import { splitLayers } from "./split-layers.ts";

/** Adapts a `tf.LayersModel` or `tf.Sequential`. */
export function layersAdapter(model: LayersModelLike): ModelAdapter {
  const { name, inputs } = model;
  return {
    name,
    patchable: model,
    ports: {
      outputs: model.outputs,
      inputs,
      inputNames: names(inputs, model.inputNames),
      outputNames: names(model.outputs, model.outputNames),
    },
    weights: namedWeights(model),
    cut: (trained, changes) => cut(model, trained, changes),
  };
}

function cut(model: LayersModelLike, trained: readonly Param[], { adapted, held, pure }: Changes): CutModel {
  const graph = flatten(model);
  const parts = splitLayers(graph, new Set(trained.map(({ variable }) => variable)), adapted, held, pure);
  const nodeAt = (index: number): GraphNode => graph.nodes[index] as GraphNode;
  const layers = new Set(parts.trunk.map((index) => nodeAt(index).layer));
  return {
    trunk: {
      layers: layers.size,
      of: new Set(graph.nodes.map(({ layer }) => layer)).size,
      parameters: [...layers].flatMap(({ weights }) => weights).reduce((sum, weight) => sum + weight.read().size, 0),
      stops: parts.stops,
      frontier: parts.frontier.map(({ node, output }) =>
        node < 0 ? (names(model.inputs, model.inputNames)[output] as string) : nodeAt(node).path,
      ),
    },
    rowwise: true,
    sources: parts.frontier.map(({ node, output }) => (node < 0 ? output : -1)),
    tail: {
      bytes: parts.tail.reduce<number | undefined>((sum, index) => {
        const { size } = nodeAt(index);
        return sum === undefined || size === undefined ? undefined : sum + 4 * size;
      }, 0),
      kinds: new Set(parts.tail.map((index) => nodeAt(index).layer.getClassName())),
    },
    batchStatistics: graph.nodes
      .filter(
        ({ path, layer, inputRanks }) =>
          layer.getClassName() === "BatchNormalization" && inputRanks[0] === 2 && !held.has(path),
      )
      .map(({ path }) => path),
    runTrunk: (inputs) =>
      execute(graph, {
        nodes: parts.trunk,
        values: fed(inputs),
        wanted: parts.frontier,
        training: true,
        dispose: true,
      }),
    runTail: (values, training, note) => {
      const known: Values = new Map(parts.frontier.map((ref, i) => [refKey(ref), values[i] as Value]));
      const { tail: nodes, frozen } = parts;
      const visit = ({ path, layer }: GraphNode, outputs: readonly Value[]): void =>
        note?.(
          `\`${path}\` (${layer.getClassName()})`,
          outputs.map(({ tensor }) => tensor),
        );
      return execute(graph, { nodes, values: known, wanted: graph.outputs, training, frozen, visit }).map(
        ({ tensor }) => tensor,
      );
    },
    // Counted once per application, as stock does. (Stock's Sequential omits them unless `fit` is called on it.)
    penalties: () => graph.nodes.flatMap(({ layer }) => layer.calculateLosses()),
  };
}

/** Returns `given`, or the source layers' names if it is incomplete: a Sequential has no names before it is compiled. */
function names(values: readonly SymbolicLike[], given: readonly string[]): readonly string[] {
  return given.length === values.length ? given : values.map(({ sourceLayer }) => sourceLayer.name);
}

function fed(inputs: readonly tf.Tensor[]): Values {
  return new Map(inputs.map((tensor, output) => [refKey({ node: -1, output }), { tensor, mask: null }]));
}
