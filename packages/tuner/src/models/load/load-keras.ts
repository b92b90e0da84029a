import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { assignWeights } from "./assign-weights.ts";
import { buildModel } from "./build-model.ts";
import { type H5Dataset, type H5File, type H5Wasm, withH5 } from "./h5-file.ts";
import { type LoadLimits, unpackedLimit } from "./load-limits.ts";
import { LoadError } from "./load-safetensors.ts";
import { type Inflate, unzip } from "./zip.ts";

/** The packages that read a .keras file. Install them yourself; they are not dependencies. */
export interface KerasReaders {
  /** `await import("h5wasm")`. */
  readonly h5wasm: H5Wasm;
  /** `await import("fflate")`. */
  readonly fflate: Inflate;
}

/**
 * Loads a `.keras` file saved by Keras 3: a zip of config.json and model.weights.h5. Checks the zip's checksums.
 *
 * tfjs-layers refuses custom layers and layers that it lacks, such as `GRU` with `reset_after` (Keras's default). The error names the
 * layer.
 *
 * @throws LoadError if the file is damaged, refers to another file or has no model, or if a layer's weights do not fit. No tensors
 *   are left over then.
 */
export async function loadKeras(
  bytes: Uint8Array,
  { h5wasm, fflate }: KerasReaders,
  limits: LoadLimits = {},
): Promise<layers.LayersModel> {
  const most = unpackedLimit(limits, bytes.byteLength);
  const files = unzip(bytes, FILES, most, fflate);
  const missing = FILES.filter((name) => !files.has(name));
  if (missing.length > 0)
    throw new LoadError(
      `The .keras file lacks ${missing.join(" and ")}.`,
      'Save it with Keras 3 by model.save("model.keras"), with the weights in one file.',
    );
  const config = parsed(files.get("config.json") as Uint8Array);
  return withH5(files.get("model.weights.h5") as Uint8Array, h5wasm, (file) =>
    buildModel({
      topology: config,
      file: "config.json",
      most: most / 4,
      fill: (model) => tf.tidy(() => fill(model, config, file, "/")),
    }),
  );
}

/** The fields of a model's configuration that name the groups of its weights. */
interface KerasConfig {
  readonly class_name: string;
  readonly config: { readonly name: string; readonly layers?: readonly KerasConfig[] };
}

const FILES = ["config.json", "model.weights.h5"];

function parsed(bytes: Uint8Array): KerasConfig {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as KerasConfig;
  } catch (cause) {
    throw new LoadError("config.json of the .keras file is not JSON.", "Is the file complete?", { cause });
  }
}

/** Fills in a model's weights. Keras names a layer's group by its class and its index among layers of that class, not by its name. */
function fill(model: layers.LayersModel, { config }: KerasConfig, file: H5File, root: string): void {
  const turns = new Map<string, number>();
  for (const layer of config.layers ?? []) {
    const type = snakeCase(layer.class_name);
    const turn = turns.get(type) ?? 0;
    turns.set(type, turn + 1);
    const path = `${root}layers/${turn === 0 ? type : `${type}_${turn}`}`;
    if (layer.class_name === "InputLayer") continue;
    const target = model.getLayer(layer.config.name);
    if (layer.config.layers) fill(target as unknown as layers.LayersModel, layer, file, `${path}/`);
    else assignWeights(target, datasets(file, path, target.weights.length), path);
  }
}

/**
 * Lists a layer's own variables by number, then those of the layers that it wraps.
 *
 * @param most number of variables that the layer has. The search stops after one more.
 * @throws LoadError if the groups are nested deeper than any layer, as they are if a group contains itself.
 */
function datasets(file: H5File, path: string, most: number, depth = 0): H5Dataset[] {
  if (!file.hasGroup(path)) return [];
  if (depth > MOST_WRAPPERS)
    throw new LoadError(`The groups at ${path} are nested too deeply.`, "Was the file saved by Keras 3?");
  const found: H5Dataset[] = [];
  while (found.length <= most) {
    const set = file.dataset(`${path}/vars/${found.length}`);
    if (!set) break;
    found.push(set);
  }
  for (const name of WRAPPED) {
    if (found.length <= most) found.push(...datasets(file, `${path}/${name}`, most - found.length, depth + 1));
  }
  return found;
}

const WRAPPED = ["layer", "forward_layer", "backward_layer", "cell"];
/** How deeply layers that wrap layers are nested at most. TimeDistributed(Bidirectional(RNN(cell))) has 3. */
const MOST_WRAPPERS = 8;

/** Converts a class name as `keras.src.utils.naming.to_snake_case` does. */
function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}
