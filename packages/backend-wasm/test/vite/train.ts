import { type WasmBackendOptions, wasmBackend } from "@graftjs/backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

/** Trains a small convolutional net for five steps. Returns the losses and the missing kernels. */
export async function train(
  options: WasmBackendOptions,
): Promise<{ readonly losses: readonly number[]; readonly missing: readonly string[] }> {
  const session = await wasmBackend(options).init();
  const model = tfl.sequential({
    layers: [
      tfl.layers.conv2d({
        inputShape: [8, 8, 1],
        filters: 4,
        kernelSize: 3,
        activation: "relu",
        kernelInitializer: tfl.initializers.heNormal({ seed: 1 }),
      }),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: 1, kernelInitializer: tfl.initializers.heNormal({ seed: 2 }) }),
    ],
  });
  model.compile({ optimizer: tf.train.sgd(0.01), loss: "meanSquaredError" });
  const x = tf.randomNormal([16, 8, 8, 1], 0, 1, "float32", 3);
  const { history } = await model.fit(x, tf.mean(x, [1, 2]), { epochs: 5, shuffle: false, verbose: 0 });
  await session.dispose();
  return { losses: history.loss as number[], missing: session.capabilities.missingKernels };
}
