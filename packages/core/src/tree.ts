import * as tf from "@tensorflow/tfjs-core";

/** What a hook may keep between steps: plain data with tensors at the leaves. */
export type StateTree =
  | tf.Tensor
  | number
  | string
  | boolean
  | null
  | readonly StateTree[]
  | { readonly [key: string]: StateTree };

/** Tensors by parameter name. A plain object on purpose: `tf.tidy` frees tensors held in a `Map`. */
export type TensorMap = { readonly [name: string]: tf.Tensor };

/** Variables by parameter name, for kernels that write in place. */
export type VariableMap = { readonly [name: string]: tf.Variable };

/** Applies `fn` to every entry. The result has exactly the same names, in the same order. */
export function mapTensors(map: TensorMap, fn: (tensor: tf.Tensor, name: string) => tf.Tensor): TensorMap {
  return Object.fromEntries(Object.entries(map).map(([name, tensor]) => [name, fn(tensor, name)]));
}

/** Rebuilds `tree` with `fn` applied to every tensor leaf; `path` is slash-separated, as in a checkpoint. */
export function mapTree<S extends StateTree>(
  tree: S,
  fn: (tensor: tf.Tensor, path: string) => tf.Tensor,
  path = "",
): S {
  const walk = (node: StateTree, at: string): StateTree => {
    if (node instanceof tf.Tensor) return fn(node, at);
    if (node === null || typeof node !== "object") return node;
    if (Array.isArray(node)) return node.map((child: StateTree, i) => walk(child, join(at, i)));
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, walk(child, join(at, key))]));
  };
  return walk(tree, path) as S;
}

/** Calls `visit` for every tensor leaf with its slash-separated path. */
export function visitTensors(tree: StateTree, visit: (tensor: tf.Tensor, path: string) => void): void {
  mapTree(tree, (tensor, path) => {
    visit(tensor, path);
    return tensor;
  });
}

/** `tf.tidy` for results with readonly objects and nulls, which its own type leaves out. */
export function tidyTree<S>(fn: () => S): S {
  return tf.tidy(fn as () => tf.TensorContainer) as S;
}

/** Disposes the tensors of `old` that `live` does not hold as well. */
export function disposeReplaced(old: StateTree, live: StateTree): void {
  const kept = new Set<number>();
  visitTensors(live, (tensor) => kept.add(tensor.id));
  visitTensors(old, (tensor) => {
    if (!kept.has(tensor.id) && !tensor.isDisposed) tensor.dispose();
  });
}

/** Zeros shaped like `params`, the usual start of a moment. */
export function zerosLike(params: TensorMap): TensorMap {
  return mapTensors(params, (param) => tf.zerosLike(param));
}

function join(path: string, key: string | number): string {
  return path ? `${path}/${key}` : String(key);
}
