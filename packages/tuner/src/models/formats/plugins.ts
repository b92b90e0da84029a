import { definePlugin, type Plugin } from "@graftjs/core";
import { graphModelFormat } from "./graph-model.ts";
import { kerasFormat, kerasH5Format, layersModelFormat } from "./layers-model.ts";
import { loadLimits } from "../load/load-limits.ts";
import { safetensorsFormat, safetensorsFormatOptions } from "./safetensors.ts";

/** The model formats of this package, for recipes. */
export const modelFormats: readonly Plugin[] = [
  definePlugin({
    kind: "model-format",
    name: "layers-model",
    description: "model.json of tfjs-layers, with its weight files",
    options: loadLimits,
    create: layersModelFormat,
  }),
  definePlugin({
    kind: "model-format",
    name: "graph-model",
    description: "model.json of a GraphModel. Needs @tensorflow/tfjs-converter",
    options: loadLimits,
    create: graphModelFormat,
  }),
  definePlugin({
    kind: "model-format",
    name: "keras",
    description: "The .keras files of Keras 3. Needs h5wasm and fflate",
    options: loadLimits,
    create: kerasFormat,
  }),
  definePlugin({
    kind: "model-format",
    name: "keras-h5",
    description: "The .h5 files of Keras. Needs h5wasm",
    options: loadLimits,
    create: kerasH5Format,
  }),
  definePlugin({
    kind: "model-format",
    name: "safetensors",
    description: "Weights in a safetensors file, by name, for a model in another file",
    options: safetensorsFormatOptions,
    create: safetensorsFormat,
  }),
];
