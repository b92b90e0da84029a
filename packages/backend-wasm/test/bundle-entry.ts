import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { wasmBackend } from "../src/index.ts";

// bundle.ts bundles this and runs it in a process of its own. It computes a gradient that stock wasm lacks.
async function main(): Promise<void> {
  const session = await wasmBackend().init();
  const x = tf.ones([1, 4, 4, 2]) as tf.Tensor4D;
  const gradient = tf.grad((w: tf.Tensor) => tf.sum(tf.conv2d(x, w as tf.Tensor4D, 1, "valid")));
  console.log(
    JSON.stringify({
      gradient: gradient(tf.ones([3, 3, 2, 1])).dataSync()[0],
      missing: session.capabilities.missingKernels,
    }),
  );
}
main();
