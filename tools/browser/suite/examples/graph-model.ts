import { loadGraphModel } from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import { settingsFor } from "../../../../examples/graph-model/settings.ts";
import { fineTune, graphModelAdapter } from "../../../../packages/tuner/src/index.ts";
import { type Blobs, bytesOf, floats, json } from "../../blobs.ts";
import { type Example, STEPS, type Trained, valuesOf } from "./example.ts";

/** `examples/graph-model`: the last layer of a converted MobileNetV2, 224×224, on cached features. */
export const graphModel: Example = {
  name: "graph-model",
  async run(blobs: Blobs): Promise<Trained> {
    const artifacts = json<tf.io.ModelArtifacts>(blobs, "graph-model/model");
    const weightData = bytesOf(blobs, "graph-model/weights").slice().buffer;
    const model = await loadGraphModel({ load: async () => ({ ...artifacts, weightData }) });
    const adapter = graphModelAdapter(model);
    const settings = settingsFor(adapter);
    const labels = floats(blobs, "graph-model/ys");
    const ys = tf.tensor2d(labels, [labels.length / 5, 5]);
    const xs = tf.tensor4d(floats(blobs, "graph-model/xs"), [labels.length / 5, 224, 224, 3]);
    const variables = adapter.weights
      .filter(({ name }) => settings.trainable.includes(name))
      .map(({ variable }) => variable);
    const before = await valuesOf(variables);
    const { restore } = await fineTune(adapter, { ...settings, data: { xs, ys }, epochs: STEPS });
    restore();
    const after = await valuesOf(variables);
    adapter.release();
    model.dispose();
    tf.dispose([xs, ys]);
    return { before, after };
  },
};
