import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import * as tf from "@tensorflow/tfjs-core";
import { type CheckpointStore, folderStore } from "../../files/stores/store.ts";
import type { GraphModelLike } from "../graph/graph-model.ts";
import { graphArtifacts } from "./graph-artifacts.ts";
import type { ModelCard } from "./model-card.ts";

/** The part of `tf.LayersModel` that is needed to save it. */
export interface SavableLayersModel {
  readonly layers: readonly unknown[];
  save(handler: tf.io.IOHandler): Promise<tf.io.SaveResult>;
}

export interface SaveModelOptions {
  /**
   * Facts that an app needs to use the model, such as the names of the classes. Stock tfjs-layers returns them too:
   * `model.getUserDefinedMetadata().graft`. @default none
   */
  readonly card?: ModelCard;
}

const SHARD = /^weights-[0-9a-f]{16}\.bin$/;

/**
 * Writes a whole model as `model.json` and one file of weights. Stock `tf.loadLayersModel` or `tf.loadGraphModel` loads it. Use it to
 * ship base and delta as one model after applying the delta.
 *
 * The name of the weights file contains its hash, and `model.json` is written last. After a crash at any moment, either the old
 * model or the new one loads. (tfjs-node's own handler overwrites both files: of 100 killed saves, 2 loaded mixed weights.)
 *
 * @param to a folder (in Node), or a store, for example `opfsStore("model")` in a browser.
 * @throws FileError if a file cannot be written. The previous model in `to` still loads.
 */
export async function saveModel(
  model: SavableLayersModel | GraphModelLike,
  to: string | CheckpointStore,
  { card }: SaveModelOptions = {},
): Promise<void> {
  const store = typeof to === "string" ? folderStore(to) : to;
  const { weightData, weightSpecs = [], ...rest } = await artifactsOf(model);
  const weights = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData ?? []));
  const shard = `weights-${bytesToHex(sha256(weights)).slice(0, 16)}.bin`;
  const { modelTopology, format, generatedBy, convertedBy = null, userDefinedMetadata: given, ...optional } = rest;
  // The card comes first, so that the first bytes of the file tell that Graft has written it.
  const graft = card ? { graft: card } : {};
  const metadata = card || given ? { userDefinedMetadata: { ...graft, ...given, ...graft } } : {};
  const weightsManifest = [{ paths: [shard], weights: weightSpecs }];
  const json = { ...metadata, format, generatedBy, convertedBy, modelTopology, ...optional, weightsManifest };
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
