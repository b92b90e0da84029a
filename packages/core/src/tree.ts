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
  const mapped: Record<string, tf.Tensor> = {};
  for (const name of Object.keys(map)) mapped[name] = fn(map[name] as tf.Tensor, name);
  return mapped;
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

/** Every tensor leaf, in the order of {@link visitTensors}: for what a step does each time, without making paths. */
export function tensorsOf(tree: StateTree, found: tf.Tensor[] = []): tf.Tensor[] {
  if (tree instanceof tf.Tensor) found.push(tree);
  else if (tree !== null && typeof tree === "object") for (const child of Object.values(tree)) tensorsOf(child, found);
  return found;
}

/** `tf.tidy` for results with readonly objects and nulls, which its own type leaves out. */
export function tidyTree<S>(fn: () => S): S {
  return tf.tidy(fn as () => tf.TensorContainer) as S;
}

/** Disposes the tensors of `old` that `live` does not hold as well. */
export function disposeReplaced(old: StateTree, live: StateTree): void {
  const kept = new Set(tensorsOf(live));
  for (const tensor of tensorsOf(old)) if (!kept.has(tensor) && !tensor.isDisposed) tensor.dispose();
}

/** Zeros shaped like `params`, the usual start of a moment. */
export function zerosLike(params: TensorMap): TensorMap {
  return mapTensors(params, (param) => tf.zerosLike(param));
}

/** Clones what is the caller's, so that a state owns all its tensors. */
export function owning(state: StateTree, foreign: ReadonlySet<tf.Tensor>): StateTree {
  if (!tensorsOf(state).some((tensor) => foreign.has(tensor))) return state;
  return mapTree(state, (tensor) => (foreign.has(tensor) ? tf.clone(tensor) : tensor));
}

function join(path: string, key: string | number): string {
  return path ? `${path}/${key}` : String(key);
}
