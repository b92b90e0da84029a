import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { buildModel } from "./build-model.ts";
import { type H5Wasm, withH5 } from "./h5-file.ts";
import { type LoadLimits, unpackedLimit } from "./load-limits.ts";
import { LoadError } from "../../files/load-error.ts";
import { assignByGroup, type KerasConfig } from "./weights-by-group.ts";
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
 * Predicts as Keras does, or refuses the file: if a layer or an option cannot be honoured, the error names it and the way out.
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
      ...{ most: most / 4, mostBy: "maxUnpackedBytes" as const, limits },
      fill: (model) => tf.tidy(() => assignByGroup(model, config, file, "/")),
    }),
  );
}

const FILES = ["config.json", "model.weights.h5"];

function parsed(bytes: Uint8Array): KerasConfig {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return JSON.parse(text, text.includes('"lora_rank"') ? withoutAdapter : undefined) as KerasConfig;
  } catch (cause) {
    throw new LoadError("config.json of the .keras file is not JSON.", "Is the file complete?", { cause });
  }
}

/** Keras merges the adapters of `enable_lora` into the kernels that it saves in this format, and leaves their rank in the configuration. */
function withoutAdapter(option: string, value: unknown): unknown {
  return option === "lora_rank" || option === "lora_alpha" ? null : value;
}
