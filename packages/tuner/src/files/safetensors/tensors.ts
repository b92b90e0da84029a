import * as tf from "@tensorflow/tfjs-core";
import { fromFloat16 } from "./float16.ts";
import { SafetensorsError, type StoredTensor } from "./format.ts";

/** Converts a tensor's values to the form in which a file stores them: F32, I32 or BOOL. */
export function stored(tensor: Pick<tf.Tensor, "shape" | "dtype">, values: ArrayBufferView): StoredTensor {
  const dtype = tensor.dtype === "int32" ? "I32" : tensor.dtype === "bool" ? "BOOL" : "F32";
  const { buffer, byteOffset, byteLength } = values;
  return { dtype, shape: tensor.shape, data: new Uint8Array(buffer, byteOffset, byteLength).slice() };
}

/**
 * Creates a tensor on the current backend from a stored one. F16, BF16 and F64 become float32. Integers of 8 and 16 bits become int32.
 *
 * @param name name of the tensor, for the error message.
 * @throws SafetensorsError for types that tfjs lacks: I64, U64, U32.
 */
export function tensorOf({ dtype, shape, data }: StoredTensor, name: string): tf.Tensor {
  // Copied, because a view may start at any byte, but typed arrays need aligned bytes.
  const { buffer } = data.slice();
  const dims = [...shape];
  if (dtype === "F32") return tf.tensor(new Float32Array(buffer), dims, "float32");
  if (dtype === "F64") return tf.tensor(Float32Array.from(new Float64Array(buffer)), dims, "float32");
  if (dtype === "F16") return tf.tensor(Float32Array.from(new Uint16Array(buffer), fromFloat16), dims, "float32");
  if (dtype === "BF16") {
    const bits = Uint32Array.from(new Uint16Array(buffer), (half) => half << 16);
    return tf.tensor(new Float32Array(bits.buffer), dims, "float32");
  }
  if (dtype === "I32") return tf.tensor(new Int32Array(buffer), dims, "int32");
  if (dtype === "U8") return tf.tensor(Int32Array.from(new Uint8Array(buffer)), dims, "int32");
  if (dtype === "I8") return tf.tensor(Int32Array.from(new Int8Array(buffer)), dims, "int32");
  if (dtype === "I16") return tf.tensor(Int32Array.from(new Int16Array(buffer)), dims, "int32");
  if (dtype === "U16") return tf.tensor(Int32Array.from(new Uint16Array(buffer)), dims, "int32");
  if (dtype === "BOOL") return tf.tensor(new Uint8Array(buffer), dims, "bool");
  throw new SafetensorsError(
    `Tensor \`${name}\` has the type ${dtype}, which TensorFlow.js does not support.`,
    "Write it as F32 or I32.",
  );
}
