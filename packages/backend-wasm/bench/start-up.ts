import * as tf from "@tensorflow/tfjs-core";
import { wasmBackend } from "../src/index.ts";

// figures.ts bundles this and runs it in a new process. It measures the time from `init()` to the numbers of the first op.
async function main(): Promise<void> {
  const began = performance.now();
  await wasmBackend().init();
  tf.engine().runKernel("Exp", { x: tf.ones([2, 2]) });
  console.log(JSON.stringify({ milliseconds: performance.now() - began }));
}
main();
