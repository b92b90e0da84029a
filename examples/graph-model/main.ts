// Trains a converted GraphModel, which stock TensorFlow.js can only use for inference. The last layer of a MobileNetV2 learns the
// digits 0 to 4. Then the model is saved as a GraphModel that stock tfjs loads.
import { wasmBackend } from "@graftjs/backend-wasm";
import { fineTune, formatPlan, graphArtifacts, graphModelAdapter, planFineTune, progress } from "@graftjs/tuner";
import { loadGraphModel } from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { graphBackbone } from "./backbone.ts";
import { digits } from "./digits.ts";
import { settingsFor } from "./settings.ts";

await wasmBackend().init();
const artifacts = graphBackbone();
const model = await loadGraphModel({ load: async () => artifacts });
const adapter = graphModelAdapter(model);
const settings = settingsFor(adapter);
console.log(`training ${settings.trainable.join(", ")} of ${adapter.weights.length} constants`);

const options = {
  ...settings,
  data: digits(0, 8),
  validation: digits(100, 4),
  epochs: 12,
  metrics: ["accuracy"],
} as const;
console.log(formatPlan(await planFineTune(adapter, options, { probe: false })));
const { restore, history } = await fineTune(adapter, { ...options, observers: [progress()] });
restore();

const saved = await graphArtifacts(model);
const loaded = await loadGraphModel({ load: async () => saved });
const [a, b] = [model, loaded].map((m) => (m.predict(options.validation.xs) as tf.Tensor).dataSync()) as [
  Float32Array,
  Float32Array,
];
console.log(
  `loss ${history.loss[0]?.toFixed(3)} → ${history.loss.at(-1)?.toFixed(3)}, accuracy on unseen digits ${history.val_acc?.at(-1)}`,
);
console.log(`loaded in stock tfjs, predictions identical: ${a.every((value, i) => value === b[i])}`);
tf.dispose([options.data.xs, options.data.ys]);
process.exit(0);
