/** A typed array of numbers of any kind. */
export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A typed array that tfjs understands. */
export type TensorValues = Float32Array | Int32Array | Uint8Array | Uint8ClampedArray;

const INT32_MAX = 2 ** 31;

/** Converts a typed array to a kind that tfjs understands: whole numbers to int32 if they fit, other numbers to float32. */
export function tensorValues(array: NumberArray): TensorValues {
  if (array instanceof Float32Array || array instanceof Int32Array) return array;
  if (array instanceof Uint8Array || array instanceof Uint8ClampedArray) return array;
  if (array instanceof Float64Array) return Float32Array.from(array);
  const numbers = Array.from(array as ArrayLike<number | bigint>, Number);
  return numbers.every((n) => n >= -INT32_MAX && n < INT32_MAX) ? Int32Array.from(numbers) : Float32Array.from(numbers);
}

/** Converts the typed arrays within nested arrays. Returns other values unchanged. */
export function convertNested(data: unknown): unknown {
  if (ArrayBuffer.isView(data) && !(data instanceof DataView)) return tensorValues(data as NumberArray);
  return Array.isArray(data) ? data.map(convertNested) : data;
}
