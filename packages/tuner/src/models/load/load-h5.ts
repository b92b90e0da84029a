import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { buildModel } from "./build-model.ts";
import { type H5Dataset, type H5Group, type H5Wasm, withH5 } from "./h5-file.ts";
import { LoadError } from "./load-safetensors.ts";

/**
 * Loads a Keras model saved as HDF5 (`model.save("x.h5")`, with its configuration).
 *
 * @param h5wasm the module `await import("h5wasm")`, or `h5wasm/node` in Node. Install it yourself; it is not a dependency.
 * @throws LoadError if the file is damaged or has no model, or if a layer's weights do not fit. No tensors are left over then.
 */
export async function loadKerasH5(bytes: Uint8Array, h5wasm: H5Wasm): Promise<layers.LayersModel> {
  return withH5(bytes, h5wasm, async (file) => {
    const text = file.attrs.model_config?.value;
    if (typeof text !== "string")
      throw new LoadError(
        "The .h5 file has weights but no model configuration.",
        "Save with model.save(...), not save_weights(...).",
      );
    return buildModel({
      topology: parsed(text),
      file: "the .h5 file's model_config",
      // A value takes at least one byte in the file, even if it is compressed.
      most: bytes.byteLength,
      fill: (model) => tf.tidy(() => fill(model.layers, file, "model_weights")),
    });
  });
}

function fill(list: readonly layers.layers.Layer[], file: H5Group, root: string): void {
  for (const layer of list) {
    if (layer.weights.length === 0) continue;
    const group = file.get(`${root}/${layer.name}`) as H5Group | null;
    const names = (group?.attrs.weight_names?.value ?? []) as readonly string[];
    if (names.length !== layer.weights.length) {
      throw new LoadError(
        `Layer \`${layer.name}\` has ${layer.weights.length} weights, but the file has ${names.length}.`,
        "Was the file saved from this configuration?",
      );
    }
    const tensors = names.map((name) => {
      const set = group?.get(name) as H5Dataset | null;
      if (!set) throw new LoadError(`The .h5 file lacks \`${layer.name}/${name}\`.`, "Is the file complete?");
      return tf.tensor(Float32Array.from(set.value), set.shape);
    });
    layer.setWeights(tensors);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new LoadError("The .h5 file's model_config is not JSON.", "Is the file complete?", { cause });
  }
}
