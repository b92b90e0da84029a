import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { LoadError } from "../../files/load-error.ts";
import { loadSafetensors } from "../load/load-safetensors.ts";
import { loadModel } from "./load-model.ts";
import type { ModelFormat } from "./model-format.ts";

export interface SafetensorsFormatOptions {
  /** File in the same folder that holds the model: its layers, and values for weights that the safetensors file lacks. */
  readonly model: string;
  /** From names in the model to names in the file. A weight without an entry has the same name in both. @default {} */
  readonly names?: Readonly<Record<string, string>>;
  /** Names in the model of kernels that the file holds as [out, in], as PyTorch writes them. @default [] */
  readonly transpose?: readonly string[];
  /** Whether every weight of the model must be in the file. @default true */
  readonly strict?: boolean;
}

type Defaults = "names" | "transpose" | "strict";

export const safetensorsFormatOptions: OptionsSchema<SafetensorsFormatOptions, Defaults> = optionsSchema<
  SafetensorsFormatOptions,
  Defaults
>(
  {
    model: { type: "string", description: "File in the same folder that holds the model's layers" },
    names: {
      type: "object",
      additionalProperties: { type: "string" },
      default: {},
      description: "From names in the model to names in the file",
    },
    transpose: {
      type: "array",
      items: { type: "string" },
      default: [],
      description: "Names of kernels that the file holds transposed",
    },
    strict: { type: "boolean", default: true, description: "Whether every weight of the model must be in the file" },
  },
  ["model"],
);

/**
 * Reads the weights of a model from a safetensors file, and its layers from another file of the same folder. A safetensors
 * file holds no layers, so recipes have to name this format: `{ "path": "weights.safetensors", "format": { "use":
 * "safetensors", "with": { "model": "model.json" } } }`.
 *
 * @throws OptionsError if an option is wrong.
 */
export function safetensorsFormat(options: SafetensorsFormatOptions): ModelFormat {
  const { model, names, transpose, strict } = safetensorsFormatOptions.parse("safetensors", options);
  return {
    name: "safetensors",
    async load({ name, read, bytes, importPackage, outputs }) {
      const base = await loadModel({ read, file: model }, { importPackage, ...(outputs ? { outputs } : {}) });
      try {
        loadSafetensors(base.tunable, await bytes(), {
          strict,
          nameOf: (weight) => names[weight] ?? weight,
          convert: (tensor, weight) => (transpose.includes(weight) ? tf.transpose(tensor) : tensor),
        });
        return base;
      } catch (cause) {
        base.dispose();
        if (cause instanceof LoadError) throw cause;
        throw new LoadError(`Cannot read the weights in ${name}.`, (cause as Error).message, { cause });
      }
    },
  };
}
