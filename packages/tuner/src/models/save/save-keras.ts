import type * as layers from "@tensorflow/tfjs-layers";
import type { H5Wasm } from "../load/h5-file.ts";
import { kerasConfig, type TfjsEntry } from "./keras/keras-config.ts";
import { KerasWriteError } from "./keras/keras-write-error.ts";
import { weightGroups } from "./keras/keras-weights.ts";
import type { ModelCard } from "./model-card.ts";

/** The packages that write a .keras file. Install them yourself; they are not dependencies. */
export interface KerasWriters {
  /** `await import("h5wasm")`. */
  readonly h5wasm: H5Wasm;
  /** `await import("fflate")`. */
  readonly fflate: { zipSync(files: Record<string, Uint8Array>, options: { level: 0 }): Uint8Array };
}

/** The part of h5wasm that writes. */
interface H5Group {
  create_group(name: string): H5Group;
  create_dataset(options: { name: string; data: Float32Array; shape: number[]; dtype: "<f" }): unknown;
}
type H5Writer = H5Wasm & { readonly File: new (path: string, mode: "w") => H5Group & { close(): unknown } };

/**
 * Writes a LayersModel as the bytes of a `.keras` file, which Keras 3 loads: `keras.saving.load_model("model.keras")`. It predicts the same
 * there. Initializers and the optimizer are left out.
 *
 * @param card facts to store in the file's `metadata.json`, such as the names of the classes. @default none
 * @throws KerasWriteError that names the layer if one cannot be written
 */
export async function saveKeras(
  model: layers.LayersModel,
  { h5wasm, fflate }: KerasWriters,
  { card }: { readonly card?: ModelCard } = {},
): Promise<Uint8Array> {
  const topology = (model as unknown as { toJSON(unused: undefined, asText: false): TfjsEntry }).toJSON(
    undefined,
    false,
  );
  const config = kerasConfig(topology, (path) => inputOf(model, path.slice(1)));
  const metadata = { keras_version: "3.0.0", written_by: "graft", ...(card ? { graft: card } : {}) };
  const encoded = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  return fflate.zipSync(
    {
      "metadata.json": encoded(metadata),
      "config.json": encoded(config),
      "model.weights.h5": await weightsFile(model, config, h5wasm as H5Writer),
    },
    { level: 0 },
  );
}

/** Returns the shape of the input of a model inside a model. @param path names of the models, from the outside. */
function inputOf(model: layers.LayersModel, path: readonly string[]): readonly (number | null)[] {
  const [name, ...rest] = path;
  if (name === undefined) return model.inputs[0]?.shape ?? [];
  return inputOf(model.layers.find((layer) => layer.name === name) as never, rest);
}

async function weightsFile(
  model: layers.LayersModel,
  config: ReturnType<typeof kerasConfig>,
  h5wasm: H5Writer,
): Promise<Uint8Array> {
  const { FS } = (await h5wasm.ready) as unknown as {
    FS: { readFile(path: string): Uint8Array; unlink(path: string): void };
  };
  const path = `graft-${written++}.h5`;
  const file = new h5wasm.File(path, "w");
  try {
    const groups = new Map<string, H5Group>([["", file]]);
    const groupAt = (at: string): H5Group => {
      const found = groups.get(at);
      if (found) return found;
      const [parent, name] = [at.slice(0, Math.max(0, at.lastIndexOf("/"))), at.slice(at.lastIndexOf("/") + 1)];
      const made = groupAt(parent).create_group(name);
      groups.set(at, made);
      return made;
    };
    groupAt("vars");
    for (const { path: at, weights } of weightGroups(model, config)) {
      const group = groupAt(`${at}/vars`);
      for (const [i, weight] of weights.entries()) {
        const tensor = weight.read();
        if (tensor.dtype !== "float32")
          throw new KerasWriteError(
            `The weight \`${weight.name}\` is ${tensor.dtype}.`,
            "Only float32 can be written.",
          );
        const data = (await tensor.data()) as Float32Array;
        group.create_dataset({ name: String(i), data, shape: [...tensor.shape], dtype: "<f" });
      }
    }
    file.close();
    return FS.readFile(path).slice();
  } finally {
    FS.unlink(path);
  }
}

/** Number of files written so far. Two files that are written at the same time need different names. */
let written = 0;
