import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { assignWeights } from "./assign-weights.ts";
import { buildModel } from "./build-model.ts";
import { type H5File, type H5Wasm, withH5 } from "./h5-file.ts";
import { type LoadLimits, unpackedLimit } from "./load-limits.ts";
import { LoadError } from "../../files/load-error.ts";

/**
 * Loads a Keras model saved as HDF5 (`model.save("x.h5")`, with its configuration).
 *
 * The HDF5 format has no checksum for weights, so a changed weight value in the file cannot be noticed.
 *
 * @param h5wasm the module `await import("h5wasm")`. Install it yourself; it is not a dependency.
 * @throws LoadError if the file is damaged, refers to another file or has no model, or if a layer's weights do not fit. No tensors
 *   are left over then.
 */
export async function loadKerasH5(
  bytes: Uint8Array,
  h5wasm: H5Wasm,
  limits: LoadLimits = {},
): Promise<layers.LayersModel> {
  return withH5(bytes, h5wasm, async (file) => {
    const [text] = file.strings("/", "model_config", 1) ?? [];
    if (text === undefined)
      throw new LoadError(
        "The .h5 file has weights but no model configuration.",
        "Save with model.save(...), not save_weights(...).",
      );
    return buildModel({
      topology: parsed(text),
      file: "the .h5 file's model_config",
      version: file.strings("/", "keras_version", 1)?.[0],
      ...{ most: unpackedLimit(limits, bytes.byteLength) / 4, mostBy: "maxUnpackedBytes" as const, limits },
      fill: (model) => tf.tidy(() => fill(model.layers, file, "/model_weights")),
    });
  });
}

function fill(list: readonly layers.layers.Layer[], file: H5File, root: string): void {
  for (const layer of list) {
    if (layer.weights.length === 0) continue;
    const group = `${root}/${layer.name}`;
    const stored = file.hasGroup(group) ? weightNames(file, group, layer) : undefined;
    const names = stored?.slice(0, layer.weights.length);
    if (!names)
      throw new LoadError(
        `Layer \`${layer.name}\` has ${layer.weights.length} weights, but the file does not name as many.`,
        "Was the file saved from this configuration?",
      );
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined)
      throw new LoadError(`Layer \`${layer.name}\` of the .h5 file names \`${twice}\` twice.`, "Save the model again.");
    const sets = names.map((name) => {
      const set = file.dataset(`${group}/${name}`);
      if (!set) throw new LoadError(`The .h5 file lacks \`${layer.name}/${name}\`.`, "Is the file complete?");
      return set;
    });
    assignWeights(layer, sets, group);
  }
}

/** Reads the names of a layer's weights. `Normalization` stores a third one, the count of what it was adapted to. */
function weightNames(file: H5File, group: string, layer: layers.layers.Layer): readonly string[] | undefined {
  const own = layer.weights.length;
  const counted =
    layer.getClassName() === "KerasNormalization" ? file.strings(group, "weight_names", own + 1) : undefined;
  return counted ?? file.strings(group, "weight_names", own);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new LoadError("The .h5 file's model_config is not JSON.", "Is the file complete?", { cause });
  }
}
