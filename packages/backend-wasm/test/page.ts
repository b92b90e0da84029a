import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { fusedLayers, wasmBackend } from "../src/index.ts";

/** Results of the page under test. */
export interface Trained {
  readonly description: string | undefined;
  readonly losses: readonly number[];
  readonly expected: readonly number[];
  readonly tensors: number;
}

/** Trains the same net on wasm and on cpu. `wasm` is the stock .wasm file as base64. */
export async function train(wasm: string): Promise<Trained> {
  const bytes = Uint8Array.from(atob(wasm), (letter) => letter.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/wasm" }));
  const names = ["tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm", "tfjs-backend-wasm-threaded-simd.wasm"];
  const session = await wasmBackend({ wasmPaths: Object.fromEntries(names.map((name) => [name, url])) }).init();
  const losses = await fit();
  const before = tf.memory().numTensors;
  await fit();
  const tensors = tf.memory().numTensors - before;
  await session.dispose();
  await tf.setBackend("cpu");
  return { description: session.capabilities.description, losses, expected: await fit(), tensors };
}

async function fit(): Promise<number[]> {
  const init = (seed: number): ReturnType<typeof tfl.initializers.heNormal> => tfl.initializers.heNormal({ seed });
  const model = tfl.sequential({
    layers: [
      tfl.layers.conv2d({
        inputShape: [8, 8, 2],
        filters: 4,
        kernelSize: 3,
        kernelInitializer: init(1),
        activation: "relu",
      }),
      tfl.layers.batchNormalization(),
      tfl.layers.maxPooling2d({ poolSize: 2 }),
      tfl.layers.depthwiseConv2d({ kernelSize: 2, depthwiseInitializer: init(2) }),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: 2, kernelInitializer: init(3) }),
    ],
  });
  fusedLayers().apply(model as never);
  const optimizer = tf.train.sgd(0.05);
  model.compile({ optimizer, loss: "meanSquaredError" });
  const x = tf.randomNormal([6, 8, 8, 2], 0, 1, "float32", 5);
  const y = tf.randomNormal([6, 2], 0, 1, "float32", 6);
  const { history } = await model.fit(x, y, {
    epochs: 3,
    batchSize: 3,
    shuffle: false,
    verbose: 0,
    yieldEvery: "never",
  });
  tf.dispose([x, y]);
  model.dispose();
  optimizer.dispose();
  return history.loss as number[];
}

/** Runs {@link train} in a Web Worker. */
export function trainInWorker(wasm: string): Promise<Trained> {
  const worker = new Worker("/worker.js", { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Trained>) => {
      worker.terminate();
      resolve(data);
    };
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(wasm);
  });
}
