import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { buildModel } from "./build-model.ts";
import { type H5Dataset, type H5Group, type H5Wasm, withH5 } from "./h5-file.ts";
import { LoadError } from "./load-safetensors.ts";

/** The packages that read a .keras file. Install them yourself; they are not dependencies. */
export interface KerasReaders {
  /** `await import("h5wasm")`, or `h5wasm/node` in Node. */
  readonly h5wasm: H5Wasm;
  /** `await import("fflate")`. */
  readonly fflate: {
    unzipSync(bytes: Uint8Array, options: { filter(file: { name: string }): boolean }): Record<string, Uint8Array>;
  };
}

/**
 * Loads a `.keras` file saved by Keras 3: a zip of config.json and model.weights.h5.
 *
 * tfjs-layers refuses custom layers and layers that it lacks, such as `GRU` with `reset_after` (Keras's default). The error names the
 * layer.
 *
 * @throws LoadError if the file is damaged or has no model, or if a layer's weights do not fit. No tensors are left over then.
 */
export async function loadKeras(bytes: Uint8Array, { h5wasm, fflate }: KerasReaders): Promise<layers.LayersModel> {
  const files = unzipped(bytes, fflate);
  const config = parsed(files["config.json"] as Uint8Array);
  const weights = files["model.weights.h5"] as Uint8Array;
  return withH5(weights, h5wasm, (file) =>
    buildModel({
      topology: config,
      file: "config.json",
      // A value takes at least one byte in the file, even if it is compressed.
      most: weights.byteLength,
      fill: (model) => tf.tidy(() => fill(model, config, file, "")),
    }),
  );
}

/** The fields of a model's configuration that name the groups of its weights. */
interface KerasConfig {
  readonly class_name: string;
  readonly config: { readonly name: string; readonly layers?: readonly KerasConfig[] };
}

const FILES = ["config.json", "model.weights.h5"];

function unzipped(bytes: Uint8Array, { unzipSync }: KerasReaders["fflate"]): Record<string, Uint8Array> {
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, { filter: ({ name }) => FILES.includes(name) });
  } catch (cause) {
    throw new LoadError("This is not a .keras file: it cannot be unzipped.", "Is the file complete?", { cause });
  }
  const missing = FILES.filter((name) => !files[name]);
  if (missing.length === 0) return files;
  throw new LoadError(
    `The .keras file lacks ${missing.join(" and ")}.`,
    'Save it with Keras 3 by model.save("model.keras"), with the weights in one file.',
  );
}

function parsed(bytes: Uint8Array): KerasConfig {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as KerasConfig;
  } catch (cause) {
    throw new LoadError("config.json of the .keras file is not JSON.", "Is the file complete?", { cause });
  }
}

/** Fills in a model's weights. Keras names a layer's group by its class and its index among layers of that class, not by its name. */
function fill(model: layers.LayersModel, { config }: KerasConfig, file: H5Group, root: string): void {
  const turns = new Map<string, number>();
  for (const layer of config.layers ?? []) {
    const type = snakeCase(layer.class_name);
    const turn = turns.get(type) ?? 0;
    turns.set(type, turn + 1);
    const path = `${root}layers/${turn === 0 ? type : `${type}_${turn}`}`;
    if (layer.class_name === "InputLayer") continue;
    const target = model.getLayer(layer.config.name);
    if (layer.config.layers) fill(target as unknown as layers.LayersModel, layer, file, `${path}/`);
    else put(target, file, path);
  }
}

function put(layer: layers.layers.Layer, file: H5Group, path: string): void {
  const sets = datasets(file, path);
  const wrong =
    sets.length !== layer.weights.length ||
    sets.some(({ shape }, i) => String(shape) !== String(layer.weights[i]?.shape));
  if (wrong) {
    const list = (all: readonly { readonly shape: readonly (number | null)[] }[]): string =>
      all.map(({ shape }) => `[${shape}]`).join(" ") || "none";
    throw new LoadError(
      `Layer \`${layer.name}\` has weights of shapes ${list(layer.weights as never)}, but the file has ${list(sets)} under ${path}.`,
      "Was the file saved by Keras 3, and is it complete?",
    );
  }
  const tensors = sets.map(({ value, shape }) => tf.tensor(Float32Array.from(value), shape));
  layer.setWeights(tensors);
}

/** Lists a layer's own variables by number, then those of the layers that it wraps. */
function datasets(file: H5Group, path: string): H5Dataset[] {
  if (!file.get(path)) return [];
  const variables: H5Dataset[] = [];
  for (let i = 0; ; i++) {
    const found = file.get(`${path}/vars/${i}`) as H5Dataset | null;
    if (!found) break;
    variables.push(found);
  }
  return [...variables, ...WRAPPED.flatMap((name) => datasets(file, `${path}/${name}`))];
}

const WRAPPED = ["layer", "forward_layer", "backward_layer", "cell"];

/** Converts a class name as `keras.src.utils.naming.to_snake_case` does. */
function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}
