/** Runs two threads and ends in the way of its argument: `idle`, `exit` or `error`. pool.test.ts starts it. */
import * as tf from "@tensorflow/tfjs-core";
import { wasmBackend } from "../src/index.ts";

const session = await wasmBackend({ threads: 2 }).init();
console.log(session.capabilities.description);
const matrix = tf.randomNormal([256, 256], 0, 1, "float32", 1) as tf.Tensor2D;
const work = (): void => tf.dispose(tf.matMul(matrix, matrix));

work();
const mode = process.argv[2];
if (mode !== "idle") {
  const steps = setInterval(work, 0);
  setTimeout(() => {
    if (mode === "exit") process.exit(3);
    steps.ref();
    work();
    throw new Error("thrown in the middle");
  }, 100);
}
