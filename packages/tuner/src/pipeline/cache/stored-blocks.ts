import { sealed, unsealed } from "../../files/envelope.ts";
import type { SafetensorsType, StoredTensor } from "../../files/safetensors/format.ts";
import { readSafetensors } from "../../files/safetensors/read.ts";
import { writeSafetensors } from "../../files/safetensors/write.ts";
import type { Block, BlockPair } from "./feature-store.ts";

/** Encodes blocks as one safetensors file with a checksum. */
export async function encodeBlocks(blocks: readonly BlockPair[]): Promise<Uint8Array> {
  const tensors = blocks.flatMap(({ tensor, mask }, i): [string, StoredTensor][] => [
    [`value/${i}`, asStored(tensor)],
    ...(mask ? ([[`mask/${i}`, asStored(mask)]] as [string, StoredTensor][]) : []),
  ]);
  return sealed(writeSafetensors(new Map(tensors)));
}

/** Decodes the file written by {@link encodeBlocks}. @throws StateError or SafetensorsError if the file is damaged. */
export async function decodeBlocks(bytes: Uint8Array): Promise<readonly BlockPair[]> {
  const { tensors } = readSafetensors(await unsealed(bytes));
  const count = [...tensors.keys()].filter((name) => name.startsWith("value/")).length;
  return Array.from({ length: count }, (_, i) => {
    const mask = tensors.get(`mask/${i}`);
    return { tensor: asBlock(tensors.get(`value/${i}`) as StoredTensor), mask: mask ? asBlock(mask) : null };
  });
}

function asStored({ values, shape, dtype }: Block): StoredTensor {
  const row = shape.reduce((a, b) => a * b, 1);
  const type: SafetensorsType =
    values instanceof Uint16Array ? "F16" : dtype === "int32" ? "I32" : dtype === "bool" ? "BOOL" : "F32";
  return {
    dtype: type,
    shape: [values.length / row, ...shape],
    data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  };
}

function asBlock({ dtype, shape: [, ...shape], data }: StoredTensor): Block {
  const { buffer } = data.slice();
  if (dtype === "F16") return { shape, dtype: "float32", values: new Uint16Array(buffer) };
  if (dtype === "I32") return { shape, dtype: "int32", values: new Int32Array(buffer) };
  if (dtype === "BOOL") return { shape, dtype: "bool", values: new Uint8Array(buffer) };
  return { shape, dtype: "float32", values: new Float32Array(buffer) };
}
