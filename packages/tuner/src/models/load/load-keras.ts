import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { buildModel } from "./build-model.ts";
import { type H5Dataset, type H5Group, type H5Wasm, withH5 } from "./h5-file.ts";
import { LoadError } from "./load-safetensors.ts";

/** The packages that read a .keras file; neither is a dependency of this one. */
export interface KerasReaders {
  /** `await import("h5wasm")`, in Node `h5wasm/node`. */
  readonly h5wasm: H5Wasm;
  /** `await import("fflate")`. */
  readonly fflate: {
    unzipSync(bytes: Uint8Array, options: { filter(file: { name: string }): boolean }): Record<string, Uint8Array>;
  };
}

/**
 * Loads what Keras 3 saves as `.keras`: a zip of config.json and model.weights.h5.
 *
 * Layers of the user's own, and those that tfjs-layers lacks (`GRU` with `reset_after`, which Keras has by default), are
 * refused by tfjs-layers under their names.
 *
 * @throws LoadError where the file is damaged, holds no model, or a layer's weights do not fit; no model is left over then.
 */
export async function loadKeras(bytes: Uint8Array, { h5wasm, fflate }: KerasReaders): Promise<layers.LayersModel> {
  const files = unzipped(bytes, fflate);
  const config = parsed(files["config.json"] as Uint8Array);
  const weights = files["model.weights.h5"] as Uint8Array;
  return withH5(weights, h5wasm, (file) =>
    buildModel({
      topology: config,
      file: "config.json",
      // Stored as single bytes at the least: HDF5 may compress.
      most: weights.byteLength,
      fill: (model) => tf.tidy(() => fill(model, config, file, "")),
    }),
  );
}

/** A model's configuration, as much as names the groups of its weights. */
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
    throw new LoadError("This is no .keras file: it cannot be unzipped.", "Is the file whole?", { cause });
  }
  const missing = FILES.filter((name) => !files[name]);
  if (missing.length === 0) return files;
  throw new LoadError(
    `The .keras file lacks ${missing.join(" and ")}.`,
    'Save with model.save("model.keras"), with Keras 3 and its weights in one file.',
  );
}

function parsed(bytes: Uint8Array): KerasConfig {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as KerasConfig;
  } catch (cause) {
    throw new LoadError("config.json of the .keras file is no JSON.", "Is the file whole?", { cause });
  }
}

/** Keras names a layer's group after its class and its turn among the layers of that class, not after its name. */
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
      `Layer \`${layer.name}\` has the weights ${list(layer.weights as never)}, the file under ${path} ${list(sets)}.`,
      "Was the file saved by Keras 3, and is it whole?",
    );
  }
  const tensors = sets.map(({ value, shape }) => tf.tensor(Float32Array.from(value), shape));
  layer.setWeights(tensors);
}

/** A layer's own variables by number, then those of the layers that it wraps. */
function datasets(file: H5Group, path: string): H5Dataset[] {
  if (!file.get(path)) return [];
  const own: H5Dataset[] = [];
  for (let i = 0; ; i++) {
    const found = file.get(`${path}/vars/${i}`) as H5Dataset | null;
    if (!found) break;
    own.push(found);
  }
  return [...own, ...WRAPPED.flatMap((name) => datasets(file, `${path}/${name}`))];
}

const WRAPPED = ["layer", "forward_layer", "backward_layer", "cell"];

/** As `keras.src.utils.naming.to_snake_case`. */
function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}
