import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { H5Wasm } from "../load/h5-file.ts";
import { loadLayersModel } from "../load/load-folder.ts";
import { loadKerasH5 } from "../load/load-h5.ts";
import { type KerasReaders, loadKeras } from "../load/load-keras.ts";
import type { LoadLimits } from "../load/load-limits.ts";
import type { LoadedModel, ModelFormat } from "./model-format.ts";
import { beginsWith, isGraphModelJson } from "./signature.ts";

/** Reads a `model.json` of tfjs-layers and its weight files. */
export function layersModelFormat(limits: LoadLimits = {}): ModelFormat {
  return {
    name: "layers-model",
    // By its name also if it cannot be read: loading then says why.
    matches: async (file) => file.name.endsWith(".json") && !(await isGraphModelJson(file)),
    load: async ({ read, name }) => loadedLayers(await loadLayersModel(read, name, limits)),
  };
}

/** Reads the `.keras` files of Keras 3. Needs the packages `h5wasm` and `fflate`. */
export function kerasFormat(limits: LoadLimits = {}): ModelFormat {
  return {
    name: "keras",
    matches: async (file) => file.name.endsWith(".keras") || beginsWith(file, [0x50, 0x4b, 0x03, 0x04]),
    async load(file) {
      const h5wasm = await file.importPackage<H5Wasm>("h5wasm");
      const fflate = await file.importPackage<KerasReaders["fflate"]>("fflate");
      return loadedLayers(await loadKeras(await file.bytes(), { h5wasm, fflate }, limits));
    },
  };
}

/** Reads the `.h5` files of Keras. Needs the package `h5wasm`. */
export function kerasH5Format(limits: LoadLimits = {}): ModelFormat {
  return {
    name: "keras-h5",
    matches: async (file) =>
      /\.(h5|hdf5)$/.test(file.name) || beginsWith(file, [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]),
    load: async (file) =>
      loadedLayers(await loadKerasH5(await file.bytes(), await file.importPackage<H5Wasm>("h5wasm"), limits)),
  };
}

function loadedLayers(layers: LayersModel): LoadedModel {
  return { tunable: layers, savable: layers, layers, dispose: () => void layers.dispose() };
}
