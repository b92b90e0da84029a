/** Trains a small convolutional net on real digits with TensorFlow.js's wasm backend, which cannot train by itself. */
import { openBackend } from "@graftjs/backend";
import { fusedLayers, wasmBackend } from "@graftjs/backend-wasm";
import { HookedOptimizer, namedParams, sgd } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { digits } from "./data.ts";

const started = performance.now();
const session = await openBackend([wasmBackend()]);
console.log(`${session.capabilities.description}, ready in ${(performance.now() - started).toFixed(0)} ms`);

const { train, test } = digits(1000, 200);
const model = tfl.sequential({
  layers: [
    tfl.layers.conv2d({
      inputShape: [28, 28, 1],
      filters: 8,
      kernelSize: 3,
      useBias: false,
      kernelInitializer: tfl.initializers.heNormal({ seed: 1 }),
    }),
    tfl.layers.batchNormalization(),
    tfl.layers.reLU(),
    tfl.layers.maxPooling2d({ poolSize: 2 }),
    tfl.layers.depthwiseConv2d({ kernelSize: 3, depthwiseInitializer: tfl.initializers.heNormal({ seed: 2 }) }),
    tfl.layers.conv2d({
      filters: 24,
      kernelSize: 1,
      activation: "relu",
      kernelInitializer: tfl.initializers.heNormal({ seed: 3 }),
    }),
    tfl.layers.maxPooling2d({ poolSize: 2 }),
    tfl.layers.flatten(),
    tfl.layers.dense({ units: 10, activation: "softmax", kernelInitializer: tfl.initializers.heNormal({ seed: 4 }) }),
  ],
});
console.log(fusedLayers().apply(model as never).summary);

const optimizer = new HookedOptimizer({ params: namedParams(model), rule: sgd({ momentum: 0.9 }), learningRate: 0.02 });
model.compile({ optimizer, loss: "categoricalCrossentropy", metrics: ["accuracy"] });
await model.fit(train.x, train.y, {
  epochs: 5,
  batchSize: 32,
  verbose: 0,
  callbacks: { onEpochEnd: (epoch, logs) => console.log(`epoch ${epoch + 1}: loss ${logs?.loss?.toFixed(3)}`) },
});
const [, accuracy] = model.evaluate(test.x, test.y, { verbose: 0 }) as tf.Scalar[];
console.log(`accuracy on 200 unseen digits: ${((accuracy?.dataSync()[0] as number) * 100).toFixed(1)} %`);
await session.dispose();
