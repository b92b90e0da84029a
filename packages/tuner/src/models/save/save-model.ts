import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import * as tf from "@tensorflow/tfjs-core";
import { type CheckpointStore, folderStore } from "../../files/stores/store.ts";
import type { GraphModelLike } from "../graph/graph-model.ts";
import { graphArtifacts } from "./graph-artifacts.ts";

/** As much of a `tf.LayersModel` as is used. */
export interface SavableLayersModel {
  readonly layers: readonly unknown[];
  save(handler: tf.io.IOHandler): Promise<tf.io.SaveResult>;
}

const SHARD = /^weights-[0-9a-f]{16}\.bin$/;

/**
 * Writes a whole model as `model.json` and one file of weights that stock `tf.loadLayersModel` or `tf.loadGraphModel` loads:
 * what is left of base and delta once the delta is applied.
 *
 * The weights' name holds their hash and `model.json` is written last, so after a crash at any moment the old model or the
 * new one loads. (tfjs-node's own handler writes both in place: of 100 killed saves 2 loaded with weights of another step.)
 *
 * @param to a folder, in Node; or a store, for example `opfsStore("model")` in a browser.
 * @throws FileError where it cannot be written; what was there before still loads.
 */
export async function saveModel(
  model: SavableLayersModel | GraphModelLike,
  to: string | CheckpointStore,
): Promise<void> {
  const store = typeof to === "string" ? folderStore(to) : to;
  const { weightData, weightSpecs = [], ...rest } = await artifactsOf(model);
  const weights = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData ?? []));
  const shard = `weights-${bytesToHex(sha256(weights)).slice(0, 16)}.bin`;
  const { modelTopology, format, generatedBy, convertedBy = null, ...optional } = rest;
  const weightsManifest = [{ paths: [shard], weights: weightSpecs }];
  const json = { format, generatedBy, convertedBy, modelTopology, ...optional, weightsManifest };
  await store.write(shard, weights);
  await store.write("model.json", new TextEncoder().encode(JSON.stringify(json)));
  for (const name of await store.list()) if (SHARD.test(name) && name !== shard) await store.remove(name);
}

async function artifactsOf(model: SavableLayersModel | GraphModelLike): Promise<tf.io.ModelArtifacts> {
  if (!("layers" in model)) return graphArtifacts(model);
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save({
    save: async (given) => {
      artifacts = given;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    },
  });
  return artifacts as unknown as tf.io.ModelArtifacts;
}
