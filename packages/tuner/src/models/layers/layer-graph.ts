import { walkLayers } from "@graftjs/core";
import type { CallableLayer, LayersModelLike, SymbolicLike } from "./layers-model.ts";

/** Refers to output `output` of node `node`. Node −1 means the model's inputs. */
export interface ValueRef {
  readonly node: number;
  readonly output: number;
}

/** One application of one layer. */
export interface GraphNode {
  readonly layer: CallableLayer;
  /** The layer's stable path, as in parameter names. A layer applied twice has two nodes with the same path. */
  readonly path: string;
  readonly inputs: readonly ValueRef[];
  readonly inputRanks: readonly number[];
  /** Number of values in the output for one example; undefined if a dimension is not fixed. */
  readonly size: number | undefined;
}

/** A model as a list of layer applications in an order in which they can run. Nested models are replaced by their layers. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly ValueRef[];
}

/** Flattens a model into a graph. Supports nested models, shared layers, and several inputs and outputs. */
export function flatten(model: LayersModelLike): Graph {
  const nodes: GraphNode[] = [];
  const paths = layerPaths(model);
  const top: Scope = { bound: bind(model.inputs), done: new Map(), inner: new Map() };

  const visit = (symbolic: SymbolicLike, scope: Scope): ValueRef => {
    const bound = scope.bound.get(symbolic.id);
    if (bound) return bound;
    const { sourceLayer: layer, nodeIndex, tensorIndex } = symbolic;
    const key = applicationKey(layer, nodeIndex);
    if (isNested(layer)) {
      let inner = scope.inner.get(key);
      if (!inner) {
        const refs = symbolic.inputs.map((input) => visit(input, scope));
        inner = {
          bound: new Map(layer.inputs.map(({ id }, i) => [id, refs[i] as ValueRef])),
          done: new Map(),
          inner: new Map(),
        };
        scope.inner.set(key, inner);
      }
      return visit(layer.outputs[tensorIndex] as SymbolicLike, inner);
    }
    let node = scope.done.get(key);
    if (node === undefined) {
      const inputs = symbolic.inputs.map((input) => visit(input, scope));
      node =
        nodes.push({
          layer,
          path: paths.get(layer) ?? layer.name,
          inputs,
          inputRanks: symbolic.inputs.map(({ shape }) => shape.length),
          size: sizeOf(symbolic.shape),
        }) - 1;
      scope.done.set(key, node);
    }
    return { node, output: tensorIndex };
  };
  return { outputs: model.outputs.map((output) => visit(output, top)), nodes };
}

interface Scope {
  readonly bound: ReadonlyMap<number, ValueRef>;
  readonly done: Map<string, number>;
  readonly inner: Map<string, Scope>;
}

function sizeOf([, ...sides]: readonly (number | null)[]): number | undefined {
  return sides.every((side) => side !== null) ? sides.reduce((a, b) => a * b, 1) : undefined;
}

const ids = new WeakMap<object, number>();
let nextId = 0;

/** Returns a key by object identity, because a flattened graph may contain several layers with the same name. */
function applicationKey(layer: object, nodeIndex: number): string {
  let id = ids.get(layer);
  if (id === undefined) {
    id = nextId++;
    ids.set(layer, id);
  }
  return `${id}:${nodeIndex}`;
}

function bind(inputs: readonly SymbolicLike[]): ReadonlyMap<number, ValueRef> {
  return new Map(inputs.map(({ id }, output) => [id, { node: -1, output }]));
}

/** Tells whether a layer is a nested model. If its `call` was replaced, it is treated as one layer, since its graph no longer applies. */
function isNested(layer: object): layer is LayersModelLike & CallableLayer {
  return "layers" in layer && "outputs" in layer && !Object.hasOwn(layer, "call");
}

/** Lists the layers' paths as `namedWeights` does: by nesting of models, not by connections in the graph. */
function layerPaths(model: LayersModelLike): ReadonlyMap<object, string> {
  const paths = new Map<object, string>();
  for (const { layer, around } of walkLayers(model)) {
    let path = "";
    for (const part of [...around, layer]) {
      path = path === "" ? part.name : `${path}/${part.name}`;
      if (!paths.has(part)) paths.set(part, path);
    }
  }
  return paths;
}
