import * as tf from "@tensorflow/tfjs-core";
import { compiled } from "../../../../examples/lars/train.ts";
import { namedWeights } from "../../../../packages/core/src/index.ts";
import { type Blobs, floats } from "../../blobs.ts";
import { type Example, STEPS, type Trained, valuesOf } from "./example.ts";

const BATCH = 8;

/** `examples/lars`: the digit net, trained by LARS with the paper's schedule and the example's peak rate. Its batch norm is stock. */
export const lars: Example = {
  name: "lars",
  async run(blobs: Blobs): Promise<Trained> {
    const pixels = floats(blobs, "lars/xs");
    const count = pixels.length / 784;
    const xs = tf.tensor4d(pixels, [count, 28, 28, 1]);
    const ys = tf.tensor2d(floats(blobs, "lars/ys"), [count, 10]);
    const { model, optimizer } = compiled({ rule: "lars", peak: 2, seed: 1, steps: STEPS });
    const weights = namedWeights(model).map(({ variable }) => variable);
    const before = await valuesOf(weights);
    const epochs = (STEPS * BATCH) / count;
    await model.fit(xs, ys, { batchSize: BATCH, epochs, shuffle: false, verbose: 0 });
    const after = await valuesOf(weights);
    optimizer.dispose();
    model.dispose();
    tf.dispose([xs, ys]);
    return { before, after };
  },
};
