// The model that is tuned: a small convolutional net for pictures of 48 × 48 pixels, with 10 classes that the recipe replaces.
import "@tensorflow/tfjs-backend-cpu";
import { saveModel } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

/** Saves the model into `folder`. */
export async function saveBase(folder: string): Promise<void> {
  tf.env().set("PROD", true);
  await tf.setBackend("cpu");
  const convolution = (name: string, filters: number, seed: number): tfl.layers.Layer =>
    tfl.layers.conv2d({
      ...{ name, filters, kernelSize: 3, strides: 2, padding: "same", activation: "relu" },
      kernelInitializer: tfl.initializers.heNormal({ seed }),
    });
  const model = tfl.sequential({ name: "shapes" });
  model.add(tfl.layers.inputLayer({ inputShape: [48, 48, 3] }));
  [16, 32, 64].forEach((filters, i) => {
    model.add(convolution(`conv${i + 1}`, filters, i + 1));
  });
  model.add(tfl.layers.flatten({ name: "features" }));
  model.add(tfl.layers.dense({ name: "classes", units: 10, activation: "softmax" }));
  await saveModel(model, folder);
  model.dispose();
}
