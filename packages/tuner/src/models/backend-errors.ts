import { BackendError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Packages that make a backend of tfjs able to train, by the backend's name. */
const TRAINING: Readonly<Record<string, string>> = {
  wasm: "@graftjs/backend-wasm",
  webgl: "@graftjs/backend-webgl",
  webgpu: "@graftjs/backend-webgpu",
  tensorflow: "@graftjs/backend-node",
};

/** Checks that tfjs has a backend. tfjs's own error names no package. @throws BackendError */
export function assertBackend(): void {
  if (tf.engine().backendNames().length > 0) return;
  throw new BackendError(
    "TensorFlow.js has no backend.",
    "npm install @graftjs/backend @graftjs/backend-wasm @tensorflow/tfjs-backend-wasm, and before the model is loaded:\n" +
      'await openBackend([wasmBackend()]). Slow, but without a build of its own: import "@tensorflow/tfjs-backend-cpu".',
  );
}

/** Returns the kernel named by an error such as "Kernel 'Cumprod' not registered for backend 'wasm'"; undefined for other errors. */
export function lackingKernel(error: unknown): string | undefined {
  return /^Kernel '(\w+)' not registered/.exec((error as Error | undefined)?.message ?? "")?.[1];
}

/** Rethrows tfjs's error about a missing kernel with the package that adds it. Other errors pass. @throws BackendError */
export function explainMissingKernel(cause: unknown): void {
  const kernel = lackingKernel(cause);
  if (kernel === undefined) return;
  const backend = tf.getBackend();
  const name = TRAINING[backend];
  throw new BackendError(
    `The backend \`${backend}\` has no kernel \`${kernel}\`, which this run needs.`,
    name === undefined
      ? "Train on another backend: `wasmBackend()` of @graftjs/backend-wasm has all kernels for training."
      : `${name} adds the kernels for training: open the backend by its adapter before the model is loaded. If it is open already, train on another backend.`,
    { cause },
  );
}
