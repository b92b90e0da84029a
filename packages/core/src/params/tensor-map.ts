import * as tf from "@tensorflow/tfjs-core";

/** Tensors by parameter name. A plain object on purpose: `tf.tidy` frees tensors held in a `Map`. */
export type TensorMap = { readonly [name: string]: tf.Tensor };

/** Variables by parameter name, for kernels that write in place. */
export type VariableMap = { readonly [name: string]: tf.Variable };

/** Applies `fn` to every entry. The result has the same names in the same order. */
export function mapTensors(map: TensorMap, fn: (tensor: tf.Tensor, name: string) => tf.Tensor): TensorMap {
  const mapped: Record<string, tf.Tensor> = {};
  for (const name of Object.keys(map)) mapped[name] = fn(map[name] as tf.Tensor, name);
  return mapped;
}

/** Returns zeros shaped like `params`: the usual start of a moment. */
export function zerosLike(params: TensorMap): TensorMap {
  return mapTensors(params, (param) => tf.zerosLike(param));
}

/** Returns the values of `map` for `names`, in their order. Every name must be in the map. */
export function inOrder<T>(names: readonly string[], map: { readonly [name: string]: T }): T[] {
  return names.map((name) => map[name] as T);
}
