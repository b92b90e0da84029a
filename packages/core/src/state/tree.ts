import * as tf from "@tensorflow/tfjs-core";

/** State that a hook may keep between steps: plain data with tensors at the leaves. */
export type StateTree =
  | tf.Tensor
  | number
  | string
  | boolean
  | null
  | readonly StateTree[]
  | { readonly [key: string]: StateTree };

/** Rebuilds `tree` with `fn` applied to every tensor leaf. `path` is separated by slashes, as in a checkpoint. */
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

/** Calls `visit` for every tensor leaf, with its path. */
export function visitTensors(tree: StateTree, visit: (tensor: tf.Tensor, path: string) => void): void {
  mapTree(tree, (tensor, path) => {
    visit(tensor, path);
    return tensor;
  });
}

/** Returns every tensor leaf, in the order of {@link visitTensors}. Builds no paths: it runs in every step. */
export function tensorsOf(tree: StateTree, found: tf.Tensor[] = []): tf.Tensor[] {
  if (tree instanceof tf.Tensor) found.push(tree);
  else if (tree !== null && typeof tree === "object") for (const child of Object.values(tree)) tensorsOf(child, found);
  return found;
}

/** `tf.tidy` for results with readonly objects and nulls, which the type of `tf.tidy` does not accept. */
export function tidyTree<S>(fn: () => S): S {
  return tf.tidy(fn as () => tf.TensorContainer) as S;
}

/** Disposes the tensors of `old` that `live` does not hold. */
export function disposeReplaced(old: StateTree, live: StateTree): void {
  const kept = new Set(tensorsOf(live));
  for (const tensor of tensorsOf(old)) if (!kept.has(tensor) && !tensor.isDisposed) tensor.dispose();
}

/** Clones the tensors of `foreign` in `state`, so that the state owns all its tensors. */
export function cloneBorrowed(state: StateTree, foreign: ReadonlySet<tf.Tensor>): StateTree {
  if (!tensorsOf(state).some((tensor) => foreign.has(tensor))) return state;
  return mapTree(state, (tensor) => (foreign.has(tensor) ? tf.clone(tensor) : tensor));
}

function join(path: string, key: string | number): string {
  return path ? `${path}/${key}` : String(key);
}
