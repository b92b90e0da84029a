import type * as tf from "@tensorflow/tfjs-core";
import type { GraphModelLike } from "../graph/graph-model.ts";
import { graphModelAdapter } from "../graph/graph-model-adapter.ts";
import { readModelArtifacts } from "../load/load-folder.ts";
import { type LoadLimits, loadLimits } from "../load/load-limits.ts";
import type { ModelFormat } from "./model-format.ts";
import { isGraphModelJson } from "./signature.ts";

/** The part of `@tensorflow/tfjs-converter` that is used. */
interface Converter {
  loadGraphModel(handler: tf.io.IOHandler): Promise<GraphModelLike & { dispose(): void }>;
}

/** Reads the `model.json` of a GraphModel and its weight files. Needs the package `@tensorflow/tfjs-converter`. */
export function graphModelFormat(limits: LoadLimits = {}): ModelFormat {
  return {
    name: "graph-model",
    matches: isGraphModelJson,
    async load({ read, name, importPackage, outputs }) {
      const artifacts = await readModelArtifacts(read, name);
      const { loadGraphModel } = await importPackage<Converter>("@tensorflow/tfjs-converter");
      const model = await loadGraphModel({ load: async () => artifacts });
      const { maxOutputValues } = loadLimits.parse("limits", limits);
      const adapter = graphModelAdapter(model, { maxOutputValues, ...(outputs ? { outputs } : {}) });
      return {
        tunable: adapter,
        savable: model,
        layers: undefined,
        dispose() {
          adapter.release();
          model.dispose();
        },
      };
    },
  };
}
