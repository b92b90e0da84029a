import { cpuBackend, openBackend } from "@graftjs/backend";
import { nativeBackend, nativeLayers } from "@graftjs/backend-node";
import { type BackendAdapter, HookedOptimizer, namedParams, sgd } from "@graftjs/core";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

/**
 * Opens native TensorFlow, or plain JavaScript if it is not installed, and trains a small convolution net to distinguish horizontal
 * stripes from vertical ones.
 *
 * @returns the name of the backend and the loss of each epoch.
 */
export async function main(
  adapters: readonly BackendAdapter[] = [nativeBackend(), cpuBackend()],
): Promise<{ readonly backend: string; readonly losses: readonly number[] }> {
  const session = await openBackend(adapters);
  const { x, y } = stripes(64);
  const model = tfl.sequential({
    layers: [
      tfl.layers.conv2d({
        inputShape: [8, 8, 1],
        filters: 6,
        kernelSize: 3,
        useBias: false,
        kernelInitializer: tfl.initializers.glorotNormal({ seed: 1 }),
      }),
      tfl.layers.batchNormalization(),
      tfl.layers.reLU({ maxValue: 6 }),
      tfl.layers.flatten(),
      tfl.layers.dense({
        units: 1,
        activation: "sigmoid",
        kernelInitializer: tfl.initializers.glorotNormal({ seed: 2 }),
      }),
    ],
  });
  // Batch norm and relu6 by native kernels. On another backend this changes nothing.
  nativeLayers().apply(model);
  const optimizer = new HookedOptimizer({
    params: namedParams(model),
    learningRate: 0.05,
    rule: sgd({ momentum: 0.9 }),
  });
  model.compile({ optimizer, loss: "binaryCrossentropy" });
  const { history } = await model.fit(x, y, { epochs: 4, batchSize: 16, shuffle: false, verbose: 0 });
  tf.dispose([x, y]);
  optimizer.dispose();
  model.dispose();
  await session.dispose();
  return { backend: session.name, losses: (history.loss as number[]).map((loss) => Math.round(loss * 1e4) / 1e4) };
}

/** Makes images of 8×8 with stripes in every other row (label 1) or column (label 0), and some noise. */
function stripes(count: number): { readonly x: tf.Tensor4D; readonly y: tf.Tensor2D } {
  const pixel = (i: number): number => {
    const [image, row, column] = [Math.floor(i / 64), Math.floor((i % 64) / 8), i % 8];
    const along = image % 2 === 0 ? row : column;
    return (along % 2) + 0.5 * Math.sin(12.9 * i);
  };
  const x = tf.tensor4d(
    Float32Array.from({ length: count * 64 }, (_, i) => pixel(i)),
    [count, 8, 8, 1],
  );
  const y = tf.tensor2d(
    Float32Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 1 : 0)),
    [count, 1],
  );
  return { x, y };
}
