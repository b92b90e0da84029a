import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { heapOf } from "../src/heap/heap.ts";
import { wasmBackend } from "../src/index.ts";
import { ThreadPool } from "../src/threads/thread-pool.ts";

/** Results of the page under test with three threads. */
export interface Pooled {
  readonly description: string | undefined;
  readonly isolated: boolean;
  readonly warnings: readonly string[];
  /** Number of chunks that workers computed. */
  readonly helped: number;
  /** Whether product and gradient equal those of one thread to the bit. */
  readonly equal: boolean;
  readonly threadsAfter: number;
  readonly tensors: number;
}

/** Computes a product and a filter gradient on one thread and on three. `wasm` is the stock .wasm file as base64. */
export async function pooled(wasm: string): Promise<Pooled> {
  const bytes = Uint8Array.from(atob(wasm), (letter) => letter.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/wasm" }));
  const names = ["tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm", "tfjs-backend-wasm-threaded-simd.wasm"];
  const warnings: string[] = [];
  console.warn = (text: string) => warnings.push(text);
  let helped = 0;
  const stock = ThreadPool.prototype.run;
  ThreadPool.prototype.run = function (...args) {
    const before = this.helped;
    stock.apply(this, args);
    helped += this.helped - before;
  };
  const paths = Object.fromEntries(names.map((name) => [name, url]));
  const session = await wasmBackend({ wasmPaths: paths, threads: 3 }).init();
  const tensors = tf.memory().numTensors;
  const heap = heapOf(tf.backend());
  let threaded = compute();
  // The browser may need some time to give a worker a core.
  for (const end = performance.now() + 20_000; heap.threads > 1 && helped === 0 && performance.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    threaded = compute();
  }
  const { description } = session.capabilities;
  heap.endThreads();
  const alone = compute();
  const equal = threaded.every((value, i) => Object.is(value, alone[i]));
  await session.dispose();
  return {
    description,
    isolated: crossOriginIsolated,
    warnings,
    helped,
    equal,
    threadsAfter: heap.threads,
    tensors: tf.memory().numTensors - tensors,
  };
}

function compute(): number[] {
  return tf.tidy(() => {
    const x = tf.randomNormal([8, 16, 16, 32], 0, 1, "float32", 1) as tf.Tensor4D;
    const a = tf.randomNormal([203, 301], 0, 1, "float32", 2) as tf.Tensor2D;
    const gradient = tf.grad((w: tf.Tensor) => tf.sum(tf.square(tf.conv2d(x, w as tf.Tensor4D, 1, "same"))));
    const dw = gradient(tf.randomNormal([3, 3, 32, 32], 0, 1, "float32", 3));
    return [...dw.dataSync(), ...tf.matMul(a, a, true, false).dataSync()];
  });
}
