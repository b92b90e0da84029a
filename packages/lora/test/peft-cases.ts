import { readFileSync } from "node:fs";
import { namedWeights } from "@graftjs/core";
import { readSafetensors, type StoredTensor } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import type { PeftFiles } from "../src/peft.ts";

/** A layer of a network in cases.json: class, name and, for some, activation, padding and stride. */
type LayerCase = readonly [string, string, "tanh" | null, "same" | "valid", number];

/** A network that HF PEFT trained. See oracle/peft_cases.py. */
export interface PeftCase {
  readonly input: readonly number[];
  readonly layers: readonly LayerCase[];
}

const folder = new URL("oracle/peft/", import.meta.url);

/** The cases, by name. */
export const cases: Readonly<Record<string, PeftCase>> = JSON.parse(
  readFileSync(new URL("cases.json", folder), "utf8"),
);

/** Reads the files of an adapter before training. */
export function filesOf(name: string): PeftFiles {
  return {
    "adapter_config.json": readFileSync(new URL(`${name}/adapter_config.json`, folder), "utf8"),
    "adapter_model.safetensors": readFileSync(new URL(`${name}/adapter_model.safetensors`, folder)),
  };
}

/** The tensors of a case, in PyTorch's layouts. */
export type Stored = ReadonlyMap<string, StoredTensor>;

/** Reads the tensors of a case. */
export function storedOf(name: string): Stored {
  return readSafetensors(readFileSync(new URL(`${name}/case.safetensors`, folder))).tensors;
}

/** Returns the values of a stored tensor. */
export function valuesOf(stored: Stored, key: string): Float32Array {
  const { data } = stored.get(key) as StoredTensor;
  return new Float32Array(data.slice().buffer);
}

/** Makes a tensor with the channels last from a stored one with the channels after the examples. */
export function channelsLast(stored: Stored, key: string): tf.Tensor {
  const { shape, dtype, data } = stored.get(key) as StoredTensor;
  const { buffer } = data.slice();
  if (dtype === "I32") return tf.tensor(new Int32Array(buffer), [...shape], "int32");
  const positions = [...shape.keys()].slice(2);
  return tf.tidy(() => tf.transpose(tf.tensor(new Float32Array(buffer), [...shape]), [0, ...positions, 1]));
}

/** Makes the base model of a case. */
export function baseOf({ input, layers }: PeftCase, stored: Stored): tfl.LayersModel {
  const [channels, ...positions] = input;
  const tokens = layers[0]?.[0] === "embedding";
  const x = tfl.input({ shape: tokens ? [...input] : [...positions, channels as number] });
  const through = (members: readonly LayerCase[], start: tfl.SymbolicTensor): tfl.SymbolicTensor =>
    members.reduce((before, member) => layerOf(member, stored).apply(before) as tfl.SymbolicTensor, start);
  const nested = layers.filter(([, name]) => name.includes("."));
  const inner = tfl.input({ shape: x.shape.slice(1) });
  const group = { inputs: inner, outputs: through(nested, inner), name: nested[0]?.[1].split(".")[0] as string };
  const start = nested.length > 0 ? (tfl.model(group).apply(x) as tfl.SymbolicTensor) : x;
  const y = through(layers.slice(nested.length), start);
  const model = tfl.model({ inputs: x, outputs: y, name: "base" });
  for (const { name, role, variable, shape } of namedWeights(model)) {
    const module = name.slice(0, -role.length - 1).replaceAll("/", ".");
    const { shape: there, data } = stored.get(`base.${module}.${role === "bias" ? role : "weight"}`) as StoredTensor;
    const order = role === "kernel" ? [...there.keys()].slice(2).concat(1, 0) : [...shape.keys()];
    tf.tidy(() => variable.assign(tf.transpose(tf.tensor(new Float32Array(data.slice().buffer), [...there]), order)));
  }
  return model;
}

function layerOf([kind, path, activation, padding, strides]: LayerCase, stored: Stored): tfl.layers.Layer {
  const name = path.split(".").at(-1) as string;
  if (kind === "mean")
    return stored.get("input")?.shape.length === 4
      ? tfl.layers.globalAveragePooling2d({ name })
      : tfl.layers.globalAveragePooling1d({ name });
  const { shape } = stored.get(`base.${path}.weight`) as StoredTensor;
  const [outputs, inputs, kernelSize] = shape as [number, number, number];
  if (kind === "embedding") return tfl.layers.embedding({ name, inputDim: outputs, outputDim: inputs });
  const common = { name, activation: activation ?? "linear", useBias: stored.has(`base.${path}.bias`) } as const;
  if (kind === "dense") return tfl.layers.dense({ ...common, units: outputs });
  const conv = { ...common, filters: outputs, kernelSize, padding, strides };
  return kind === "conv1d" ? tfl.layers.conv1d(conv) : tfl.layers.conv2d(conv);
}
