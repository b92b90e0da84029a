import { StateError } from "@graftjs/core";
import { sealed, unsealed } from "../files/envelope.ts";
import type { SafetensorsFile, StoredTensor } from "../files/safetensors/format.ts";
import { readSafetensors } from "../files/safetensors/read.ts";
import { writeSafetensors } from "../files/safetensors/write.ts";

/** Contents of a checkpoint: JSON, and arrays by path. */
export interface CheckpointContent {
  readonly json: unknown;
  readonly arrays: ReadonlyMap<string, Float32Array | Uint8Array>;
}

/** Encodes a checkpoint as one file: a safetensors file with the JSON in its metadata, preceded by a checksum. */
export async function encode({ json, arrays }: CheckpointContent): Promise<Uint8Array> {
  const tensors = [...arrays].map(([path, values]): [string, StoredTensor] => [
    path,
    {
      dtype: values instanceof Float32Array ? "F32" : "U8",
      shape: [values.length],
      data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    },
  ]);
  return sealed(writeSafetensors(new Map(tensors), new Map([["graft", JSON.stringify(json)]])));
}

/** Decodes a checkpoint. @throws StateError or SafetensorsError if the file is damaged or not a checkpoint. */
export async function decode(bytes: Uint8Array): Promise<CheckpointContent> {
  const { metadata, tensors }: SafetensorsFile = readSafetensors(await unsealed(bytes));
  const text = metadata.get("graft");
  if (text === undefined) throw new StateError("The checkpoint does not contain a run.", "Was it written by fineTune?");
  const arrays = [...tensors].map(([path, { dtype, data }]): [string, Float32Array | Uint8Array] => {
    const copy = data.slice();
    return [path, dtype === "F32" ? new Float32Array(copy.buffer) : copy];
  });
  return { json: JSON.parse(text) as unknown, arrays: new Map(arrays) };
}
