import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { fromKeras3 } from "./keras3.ts";
import { LoadError } from "./load-safetensors.ts";

/** As much of the package `h5wasm` as is used. */
export interface H5Wasm {
  readonly ready: Promise<{
    readonly FS: { writeFile(path: string, bytes: Uint8Array): void; unlink(path: string): void };
  }>;
  readonly File: new (path: string, mode: string) => H5Group & { close(): unknown };
}
interface H5Group {
  readonly attrs: Readonly<Record<string, { readonly value: unknown } | undefined>>;
  get(path: string): unknown;
}

/**
 * Loads a Keras model saved as HDF5 (`model.save("x.h5")`, with its configuration).
 *
 * @param h5wasm the package `h5wasm` (or `h5wasm/node`): `await import("h5wasm")`. It is not a dependency of this one.
 * @throws LoadError where the file holds no model, or a layer's weights do not fit.
 */
export async function loadKerasH5(bytes: Uint8Array, h5wasm: H5Wasm): Promise<layers.LayersModel> {
  const { FS } = await h5wasm.ready;
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte))
    throw new LoadError("This is no HDF5 file.", "Is the file whole?");
  const path = `graft-${count++}.h5`;
  FS.writeFile(path, bytes);
  const file = opened(h5wasm, path);
  try {
    const text = file.attrs.model_config?.value;
    if (typeof text !== "string")
      throw new LoadError(
        "The .h5 file holds weights without a model.",
        "Save with model.save(...), not save_weights(...).",
      );
    const model = await layers.models.modelFromJSON(
      fromKeras3(JSON.parse(text)) as layers.ModelAndWeightsConfig["modelTopology"] as never,
    );
    fill(model.layers, file, "model_weights");
    return model;
  } finally {
    file.close();
    FS.unlink(path);
  }
}

/** HDF5 File Format Specification, superblock. */
const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

let count = 0;

function opened({ File }: H5Wasm, path: string): InstanceType<H5Wasm["File"]> {
  try {
    return new File(path, "r");
  } catch (cause) {
    throw new LoadError("This is no HDF5 file.", "Is the file whole?", { cause });
  }
}

function fill(list: readonly layers.layers.Layer[], file: H5Group, root: string): void {
  for (const layer of list) {
    if (layer.weights.length === 0) continue;
    const group = file.get(`${root}/${layer.name}`) as H5Group | null;
    const names = (group?.attrs.weight_names?.value ?? []) as readonly string[];
    if (names.length !== layer.weights.length) {
      throw new LoadError(
        `Layer \`${layer.name}\` has ${layer.weights.length} weights, the file ${names.length}.`,
        "Was the file saved from this configuration?",
      );
    }
    const tensors = names.map((name) => {
      const set = group?.get(name) as { shape: number[]; value: Float32Array } | null;
      if (!set) throw new LoadError(`The file lacks \`${layer.name}/${name}\`.`, "Is the file whole?");
      return tf.tensor(Float32Array.from(set.value), set.shape);
    });
    layer.setWeights(tensors);
    tf.dispose(tensors);
  }
}
