import { createRequire } from "node:module";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

const require = createRequire(import.meta.url);

interface Topology {
  model_config: { config: { layers: { config: Record<string, unknown> }[] } };
}

/**
 * Loads MobileNetV2 of the npm package `nsfwjs` 4.3.0 (MIT) with its own classifier of five classes. It has 52 batch norm layers.
 *
 * @param side side of the square input in pixels, a multiple of 32. Inputs are [n, side, side, 3] in [0, 1].
 */
export async function mobilenet(side: number): Promise<tfl.LayersModel> {
  const folder = require.resolve("nsfwjs/models/mobilenet_v2").replace(/dist[\\/].*$/, "dist/models/mobilenet_v2/");
  const { modelTopology, weightsManifest } = require(`${folder}model.min.js`) as {
    modelTopology: Topology;
    weightsManifest: tf.io.WeightsManifestConfig;
  };
  const bytes = Buffer.from(require(`${folder}group1-shard1of1.min.js`) as string, "base64");
  // The net has only convolutions and a mean over the feature map, so its weights fit any size.
  const topology = JSON.parse(
    JSON.stringify(modelTopology)
      .replaceAll("[null,224,224,3]", `[null,${side},${side},3]`)
      .replaceAll("[7,7]", `[${side / 32},${side / 32}]`),
  ) as Topology;
  const specs = weightsManifest.flatMap(({ weights }) => weights);
  const weights = tf.io.decodeWeights(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength), specs);
  const model = await tfl.models.modelFromJSON(topology as unknown as Parameters<typeof tfl.models.modelFromJSON>[0]);
  model.loadWeights(weights);
  tf.dispose(weights);
  return model;
}
