// Trains a small net on the digits 0 to 4, and then tunes it for the digits 5 to 9 with 20 pictures of each, by one word.
import { openBackend } from "@graftjs/backend";
import { wasmBackend } from "@graftjs/backend-wasm";
import { adam } from "@graftjs/core";
import { fineTune, type Effort } from "@graftjs/presets";
import { fineTune as train, replaceHead } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { digits } from "./digits.ts";

await openBackend([wasmBackend()]);

const { conv2d, batchNormalization, reLU, globalAveragePooling2d, dense } = tfl.layers;
const init = (seed: number) => tfl.initializers.heNormal({ seed });

/** Three blocks of convolution, batch norm and ReLU, with a head of five classes. */
function net(): tfl.Sequential {
  const model = tfl.sequential();
  for (const [i, filters] of [8, 16, 32].entries()) {
    const shape = i === 0 ? { inputShape: [28, 28, 1] } : {};
    model.add(
      conv2d({
        ...shape,
        filters,
        kernelSize: 3,
        strides: 2,
        useBias: false,
        kernelInitializer: init(i + 1),
        name: `conv_${i}`,
      }),
    );
    model.add(batchNormalization({ name: `bn_${i}` }));
    model.add(reLU({ name: `relu_${i}` }));
  }
  model.add(globalAveragePooling2d({ name: "pool" }));
  model.add(dense({ units: 5, activation: "softmax", kernelInitializer: init(9), name: "classes" }));
  return model;
}

function accuracy(model: tfl.LayersModel, { xs, ys }: ReturnType<typeof digits>): number {
  return tf.tidy(() => {
    const predicted = tf.argMax(model.predict(xs) as tf.Tensor, -1);
    return tf.mean(tf.cast(tf.equal(predicted, tf.argMax(ys, -1)), "float32")).dataSync()[0] as number;
  });
}

const test = digits(5, 500, 60);
for (const effort of ["head", "tail", "full"] satisfies Effort[]) {
  const base = net();
  const old = {
    loss: "categoricalCrossentropy",
    trainable: "all",
    rule: adam(),
    learningRate: 0.01,
    epochs: 4,
  } as const;
  (await train(base, { data: digits(0, 0, 100), ...old })).restore();

  const model = replaceHead(base, { units: 5 });
  const result = await fineTune(model, { data: digits(5, 0, 20), effort });
  result.restore();
  for (const { stage, recipe, history } of result.stages)
    console.log(`${effort}, ${stage}: rate ${recipe.learningRate}, ${history.epoch.length} epochs`);
  console.log(`${effort}: accuracy ${accuracy(model, test).toFixed(2)} on new pictures`);
}
