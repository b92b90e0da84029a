import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

/** Writes model.json and weights.bin in the layout of `tf.LayersModel.save`. Creates the folder if it is missing. */
export async function writeModel(model: tfl.LayersModel, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData, format }) => {
      const weightsManifest = [{ paths: ["weights.bin"], weights: weightSpecs }];
      writeFileSync(join(folder, "model.json"), JSON.stringify({ modelTopology, format, weightsManifest }));
      writeFileSync(join(folder, "weights.bin"), new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    }),
  );
}

/** Loads the pretrained network. Each call returns a new copy. */
export async function loadBase(): Promise<tfl.LayersModel> {
  const folder = join(import.meta.dirname, "base");
  const { modelTopology, weightsManifest } = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
  const { buffer, byteOffset, byteLength } = readFileSync(join(folder, "weights.bin"));
  const weightData = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
  return tfl.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData }));
}
