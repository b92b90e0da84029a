import { createRequire } from "node:module";
import type * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { replaceHead } from "../src/index.ts";

const require = createRequire(import.meta.url);

/** Loads MobileNetV2 from npm `nsfwjs` 4.3.0 (MIT) as a backbone for images of `side` × `side`, with a new head of ten classes. */
export async function mobileNet(side = 224): Promise<layers.LayersModel> {
  const folder = require.resolve("nsfwjs/models/mobilenet_v2").replace(/dist[\\/].*$/, "dist/models/mobilenet_v2/");
  const { modelTopology, weightsManifest } = require(`${folder}model.min.js`) as {
    modelTopology: object;
    weightsManifest: tf.io.WeightsManifestConfig;
  };
  const weightData = Uint8Array.from(
    Buffer.from(require(`${folder}group1-shard1of1.min.js`) as string, "base64"),
  ).buffer;
  // The model has only convolutions and a mean over the feature map, so its weights fit any image size.
  const left = side / 32;
  const text = JSON.stringify(modelTopology).replaceAll("[null,224,224,3]", `[null,${side},${side},3]`);
  const resized = JSON.parse(text.replaceAll("[7,7]", `[${left},${left}]`)) as object;
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const whole = await layers.loadLayersModel({
    load: async () => ({ modelTopology: resized, weightSpecs, weightData }),
  });
  const last = whole.layers.findLast((layer) => layer.getClassName() === "ReLU") as layers.layers.Layer;
  return replaceHead(whole, { units: 10, name: "new_head", after: last.name });
}

/** Selects the last four blocks and the head. */
export const LAST_FOUR = ["block_1[3-6]*/**", "Conv_1*/**", "new_head/**"] as const;

/** Counts the multiply-adds for one image, of the layers before the first trained one (`trunk`) and of the others (`tail`). */
export function multiplications(
  model: layers.LayersModel,
  trained: ReadonlySet<string>,
): { trunk: number; tail: number } {
  let [trunk, tail, reached] = [0, 0, false];
  for (const layer of model.layers) {
    reached ||= trained.has(layer.name);
    const [kernel] = layer.getWeights();
    if (!kernel || !/Conv2D|Dense/.test(layer.getClassName())) continue;
    const [, height = 1, width = 1] =
      (layer.outputShape as number[]).length === 4 ? (layer.outputShape as number[]) : [];
    const count = kernel.size * height * width;
    if (reached) tail += count;
    else trunk += count;
  }
  return { trunk, tail };
}
