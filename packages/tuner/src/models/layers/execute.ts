import * as tf from "@tensorflow/tfjs-core";
import type { Value } from "../adapter/value.ts";
import { callFrozen } from "./frozen-call.ts";
import type { Graph, GraphNode, ValueRef } from "./layer-graph.ts";

/** Values by key `node:output`. */
export type Values = Map<string, Value>;

export interface RunOptions {
  /** Indices of the nodes to run, ascending. Each of their inputs must be an output of these nodes or in `values`. */
  readonly nodes: readonly number[];
  /** Values known before the run: model inputs under `-1:i`, and cached values. They are not disposed. */
  readonly values: Values;
  readonly wanted: readonly ValueRef[];
  /** Passed to each layer: true as in `model.fit`, false as in `model.predict`. */
  readonly training: boolean;
  /** Nodes without a trained parameter. For them, kernel gradients that stock tfjs computes needlessly are skipped. */
  readonly frozen?: ReadonlySet<number>;
  /** Called with each layer's outputs, in order. */
  readonly visit?: (node: GraphNode, outputs: readonly Value[]) => void;
  /** Whether to free each value once its last reader has run. Use it only while no gradients are recorded. @default false */
  readonly dispose?: boolean;
}

/** Runs part of a graph, layer by layer. Call it inside a tidy, because intermediate tensors are left to the caller. */
export function execute(
  graph: Graph,
  { nodes, values, wanted, training, frozen, visit, dispose = false }: RunOptions,
): Value[] {
  const known: Values = new Map(values);
  const readers = dispose ? countReaders(graph, nodes, wanted) : undefined;
  for (const index of nodes) {
    const node = graph.nodes[index] as GraphNode;
    const inputs = node.inputs.map((ref) => lookUp(known, ref));
    const run = (): Value[] => applied(node, inputs, training, frozen?.has(index) ?? false);
    const outputs = dispose ? (tf.tidy(run as () => never) as Value[]) : run();
    outputs.forEach((value, output) => {
      known.set(refKey({ node: index, output }), value);
    });
    visit?.(node, outputs);
    if (readers) release(node, known, values, readers);
  }
  return wanted.map((ref) => lookUp(known, ref));
}

export function refKey({ node, output }: ValueRef): string {
  return `${node}:${output}`;
}

function lookUp(known: Values, ref: ValueRef): Value {
  const value = known.get(refKey(ref));
  if (!value) throw new RangeError(`Value ${refKey(ref)} of the layer graph was read before it was computed.`);
  return value;
}

function applied({ layer }: GraphNode, inputs: readonly Value[], training: boolean, frozen: boolean): Value[] {
  const tensors = inputs.map(({ tensor }) => tensor);
  const masks = inputs.map(({ mask }) => mask);
  const masked = masks.some((mask) => mask !== null);
  const cheap = frozen && tf.engine().state.gradientDepth > 0 ? callFrozen(layer, tensors) : undefined;
  const out = cheap ?? layer.apply(tensors, masked ? { training, mask: masks[0] } : { training });
  const mask = layer.supportsMasking ? layer.computeMask(tensors, masks as tf.Tensor[]) : null;
  const first = ((Array.isArray(mask) ? mask[0] : mask) ?? null) as tf.Tensor | null;
  return (Array.isArray(out) ? out : [out]).map((tensor: tf.Tensor) => ({ tensor, mask: first }));
}

function countReaders(graph: Graph, nodes: readonly number[], wanted: readonly ValueRef[]): Map<string, number> {
  const counts = new Map<string, number>();
  const read = (ref: ValueRef): void => void counts.set(refKey(ref), (counts.get(refKey(ref)) ?? 0) + 1);
  for (const index of nodes) for (const ref of (graph.nodes[index] as GraphNode).inputs) read(ref);
  for (const ref of wanted) read(ref);
  return counts;
}

function release({ inputs }: GraphNode, known: Values, given: Values, readers: Map<string, number>): void {
  for (const ref of inputs) {
    const key = refKey(ref);
    const left = (readers.get(key) ?? 0) - 1;
    readers.set(key, left);
    // The node's output may reuse the mask, so freeing the mask is left to the caller's tidy.
    if (left === 0 && !given.has(key)) known.get(key)?.tensor.dispose();
  }
}
