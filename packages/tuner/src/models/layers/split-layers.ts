import type * as tf from "@tensorflow/tfjs-core";
import { impurity } from "./deterministic.ts";
import { refKey } from "./execute.ts";
import type { Graph, GraphNode, ValueRef } from "./layer-graph.ts";

/** A model's nodes divided into trunk and tail. */
export interface Split {
  /** Nodes that no trained, adapted or random layer reaches, ascending. They run once per example, without recording gradients. */
  readonly trunk: readonly number[];
  /** The other nodes, ascending. */
  readonly tail: readonly number[];
  /** Values that the tail reads: trunk outputs, and model inputs that bypass the trunk. */
  readonly frontier: readonly ValueRef[];
  /** Nodes of the tail without a trained parameter. They need only the forward pass and the gradient of their input. */
  readonly frozen: ReadonlySet<number>;
  /** Nodes at which the trunk ends, with the reason. Empty if the whole model is trunk. */
  readonly stops: readonly { readonly path: string; readonly why: string }[];
}

/**
 * Cuts a graph at the last values that do not change while `trained` changes.
 *
 * @param trained variables that the optimizer trains.
 * @param adapted stable paths of layers to which a patch added trained parameters.
 * @param held stable paths of layers that compute the same in training as in inference, see `PatchHandle.held`.
 * @param pure stable paths of layers whose replaced `call` computes the same values, see `PatchHandle.pure`.
 */
export function splitLayers(
  graph: Graph,
  trained: ReadonlySet<tf.Variable>,
  adapted: ReadonlySet<string> = new Set(),
  held: ReadonlySet<string> = new Set(),
  pure: ReadonlySet<string> = new Set(),
): Split {
  const trunk: number[] = [];
  const tail: number[] = [];
  const frozen = new Set<number>();
  const stops: { path: string; why: string }[] = [];
  const inTrunk = new Set<number>([-1]);
  graph.nodes.forEach((node, index) => {
    const moves = isTrained(node, trained) || adapted.has(node.path);
    const why = moves ? "trained" : impurity(node.layer, held.has(node.path), pure.has(node.path));
    const reached = node.inputs.every((input) => inTrunk.has(input.node));
    if (reached && why === undefined) {
      trunk.push(index);
      inTrunk.add(index);
      return;
    }
    tail.push(index);
    if (!moves) frozen.add(index);
    if (reached && why !== undefined) stops.push({ path: node.path, why });
  });
  return { trunk, tail, frozen, stops, frontier: frontier(graph, tail, inTrunk) };
}

function isTrained({ layer }: GraphNode, trained: ReadonlySet<tf.Variable>): boolean {
  return layer.weights.some((weight) => trained.has(weight.read() as tf.Variable));
}

function frontier(graph: Graph, tail: readonly number[], inTrunk: ReadonlySet<number>): ValueRef[] {
  const found = new Map<string, ValueRef>();
  const add = (ref: ValueRef): void => {
    if (inTrunk.has(ref.node)) found.set(refKey(ref), ref);
  };
  for (const index of tail) for (const ref of (graph.nodes[index] as GraphNode).inputs) add(ref);
  for (const ref of graph.outputs) add(ref);
  return [...found.values()];
}
