import { StateError } from "@graftjs/core";
import { sealed, unsealed } from "../files/envelope.ts";
import type { SafetensorsFile, StoredTensor } from "../files/safetensors/format.ts";
import { readSafetensors } from "../files/safetensors/read.ts";
import { writeSafetensors } from "../files/safetensors/write.ts";

/** What a checkpoint holds: JSON, and arrays by path. */
export interface CheckpointContent {
  readonly json: unknown;
  readonly arrays: ReadonlyMap<string, Float32Array | Uint8Array>;
}

/** One file: a seal around a safetensors file whose metadata hold the JSON. */
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

/** @throws StateError or SafetensorsError where the file is damaged. */
export async function decode(bytes: Uint8Array): Promise<CheckpointContent> {
  const { metadata, tensors }: SafetensorsFile = readSafetensors(await unsealed(bytes));
  const text = metadata.get("graft");
  if (text === undefined) throw new StateError("The checkpoint holds no run.", "Was it written by fineTune?");
  const arrays = [...tensors].map(([path, { dtype, data }]): [string, Float32Array | Uint8Array] => {
    const copy = data.slice();
    return [path, dtype === "F32" ? new Float32Array(copy.buffer) : copy];
  });
  return { json: JSON.parse(text) as unknown, arrays: new Map(arrays) };
}
