import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { compiled, withHead } from "../../../../examples/frozen-bn/model.ts";
import { namedWeights } from "../../../../packages/core/src/index.ts";
import { type Blobs, bytesOf, floats, json } from "../../blobs.ts";
import { type Example, STEPS, type Trained, valuesOf } from "./example.ts";

const BATCH = 2;
const CLASSES = 6;

/** `examples/frozen-bn`: a MobileNetV2 with 52 frozen batch norms, on emoji. Gamma, beta and the head are trained. */
export const frozenBn: Example = {
  name: "frozen-bn",
  async run(blobs: Blobs): Promise<Trained> {
    const { weightSpecs, modelTopology, size } = json<tf.io.ModelArtifacts & { size: number }>(
      blobs,
      "frozen-bn/model",
    );
    const weightData = bytesOf(blobs, "frozen-bn/weights").slice().buffer;
    const backbone = await tfl.loadLayersModel(
      tf.io.fromMemory({ modelTopology, weightSpecs, weightData } as tf.io.ModelArtifacts),
    );
    const model = withHead(backbone, CLASSES, 1);
    const { params, optimizer, restore } = compiled(model, { frozen: true });
    const pixels = floats(blobs, "frozen-bn/xs");
    const count = pixels.length / (size * size * 3);
    const xs = tf.tensor4d(pixels, [count, size, size, 3]);
    const ys = tf.tensor2d(floats(blobs, "frozen-bn/ys"), [count, CLASSES]);
    const trained = params.map(({ variable }) => variable);
    const statistics = namedWeights(model).filter(({ statistic }) => statistic);
    const still = await valuesOf(statistics.map(({ variable }) => variable));
    const before = await valuesOf(trained);
    const epochs = (STEPS * BATCH) / count;
    await model.fit(xs, ys, { batchSize: BATCH, epochs, shuffle: false, verbose: 0 });
    const after = await valuesOf(trained);
    const moved = await valuesOf(statistics.map(({ variable }) => variable));
    if (moved.some((value, i) => value !== still[i])) throw new Error("A frozen statistic has moved.");
    restore();
    optimizer.dispose();
    model.dispose();
    tf.dispose([xs, ys]);
    return { before, after };
  },
};
