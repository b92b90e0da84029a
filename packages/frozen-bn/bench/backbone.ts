import { createRequire } from "node:module";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

const require = createRequire(import.meta.url);

interface Topology {
  model_config: {
    config: {
      layers: { class_name: string; name: string; config: Record<string, unknown>; inbound_nodes: unknown[] }[];
      output_layers: unknown[];
    };
  };
}

/**
 * Loads the MobileNetV2 backbone of the npm package `nsfwjs` 4.3.0 (MIT). It has 52 batch norm layers that are not folded,
 * with weights trained on photographs and drawings. Only the backbone is used; the classifier is cut off.
 *
 * @param size side of the square input in pixels: a multiple of 32. @default 224, as in the package
 * @returns a model from [size, size, 3] in [0, 1] to the last feature map [size/32, size/32, C]. Its layers have
 *   `trainable: false`, as in the package.
 */
export async function mobilenetV2(size = 224): Promise<tfl.LayersModel> {
  const folder = require.resolve("nsfwjs/models/mobilenet_v2").replace(/dist[\\/].*$/, "dist/models/mobilenet_v2/");
  const { modelTopology, weightsManifest } = require(`${folder}model.min.js`) as {
    modelTopology: Topology;
    weightsManifest: tf.io.WeightsManifestConfig;
  };
  const bytes = Buffer.from(require(`${folder}group1-shard1of1.min.js`) as string, "base64");
  const topology = structuredClone(modelTopology);
  const { config } = topology.model_config;
  const input = config.layers[0];
  if (input) input.config.batch_input_shape = [null, size, size, 3];
  const end = config.layers.findLastIndex(({ class_name }) => class_name === "ReLU");
  config.layers = config.layers.slice(0, end + 1);
  config.output_layers = [[config.layers[end]?.name, 0, 0]];
  const kept = new Set(config.layers.map(({ name }) => name));
  const specs = weightsManifest.flatMap(({ weights }) => weights);
  const weights = tf.io.decodeWeights(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength), specs);
  const backboneWeights = Object.fromEntries(
    Object.entries(weights).filter(([name]) => kept.has(name.slice(0, name.indexOf("/")))),
  );
  const model = await tfl.models.modelFromJSON(topology as unknown as Parameters<typeof tfl.models.modelFromJSON>[0]);
  model.loadWeights(backboneWeights);
  tf.dispose(weights);
  return model;
}
