import * as tf from "@tensorflow/tfjs-core";
import { TENSORFLOW } from "../load/backend-name.ts";

/** Changes to tfjs's registries that can be taken back. */
export interface Registration {
  dispose(): void;
}

/** Registers kernels of the native backend in place of tfjs-node's. `dispose()` registers those again. */
export function replaceKernels(kernels: Readonly<Record<string, tf.KernelFunc>>): Registration {
  const undo: (() => void)[] = [];
  for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
    const stock = tf.getKernel(kernelName, TENSORFLOW);
    if (stock) tf.unregisterKernel(kernelName, TENSORFLOW);
    tf.registerKernel({ ...stock, kernelName, backendName: TENSORFLOW, kernelFunc });
    undo.push(() => {
      tf.unregisterKernel(kernelName, TENSORFLOW);
      if (stock) tf.registerKernel(stock);
    });
  }
  return {
    dispose() {
      for (const step of undo.splice(0).reverse()) step();
    },
  };
}
