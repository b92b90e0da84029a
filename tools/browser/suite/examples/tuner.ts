import * as tf from "@tensorflow/tfjs-core";
import { net } from "../../../../examples/tuner/net.ts";
import { settings, underNewHead } from "../../../../examples/tuner/settings.ts";
import { namedWeights } from "../../../../packages/core/src/index.ts";
import { fineTune } from "../../../../packages/tuner/src/index.ts";
import { type Blobs, floats } from "../../blobs.ts";
import { type Example, STEPS, type Trained, valuesOf } from "./example.ts";

const BATCH = 8;

/**
 * `examples/tuner`: trains the head first and the last block from the third epoch on, on augmented views with a cached trunk. It starts
 * from the net's initial weights, without the example's pretraining.
 */
export const tuner: Example = {
  name: "tuner",
  async run(blobs: Blobs): Promise<Trained> {
    const pixels = floats(blobs, "tuner/xs");
    const count = pixels.length / 784;
    const data = {
      xs: tf.tensor4d(pixels, [count, 28, 28, 1]),
      ys: tf.tensor2d(floats(blobs, "tuner/ys"), [count, 5]),
    };
    const base = net();
    const model = underNewHead(base);
    const weights = namedWeights(model).map(({ variable }) => variable);
    const before = await valuesOf(weights);
    const epochs = (STEPS * BATCH) / count;
    const { restore } = await fineTune(model, { ...settings(), data, batchSize: BATCH, epochs });
    restore();
    const after = await valuesOf(weights);
    // Dispose the base as a whole: both models share the layers below the heads.
    base.dispose();
    model.layers.at(-1)?.dispose();
    tf.dispose([data.xs, data.ys]);
    return { before, after };
  },
};
