import { createRequire } from "node:module";
import type * as tf from "@tensorflow/tfjs-core";

const require = createRequire(import.meta.url);

/**
 * Reads the MobileNetV2 GraphModel of npm `nsfwjs` 4.3.0 (MIT) as artifacts. Its batch norm is already folded. It serves as a
 * general backbone: nothing here uses its classes.
 */
export function graphBackbone(): tf.io.ModelArtifacts {
  const folder = require
    .resolve("nsfwjs/models/mobilenet_v2_mid")
    .replace(/dist[\\/].*$/, "dist/models/mobilenet_v2_mid/");
  const { weightsManifest, ...rest } = require(`${folder}model.min.js`) as tf.io.ModelJSON;
  const shards = ["group1-shard1of2", "group1-shard2of2"].map((name) =>
    Buffer.from(require(`${folder}${name}.min.js`) as string, "base64"),
  );
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  return { ...rest, weightSpecs, weightData: Uint8Array.from(Buffer.concat(shards)).buffer };
}
