import * as tf from "@tensorflow/tfjs-core";
import { once, type Registration } from "./registration.ts";

/**
 * Registers kernels for the wasm backend in place of the stock ones.
 *
 * @returns `dispose()` puts the stock kernels back in reverse order, so registrations may be nested.
 */
export function replaceKernels(kernels: { readonly [kernelName: string]: tf.KernelFunc }): Registration {
  const undo: (() => void)[] = [];
  for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
    const stock = tf.getKernel(kernelName, "wasm");
    if (stock) tf.unregisterKernel(kernelName, "wasm");
    // Our kernels may call the stock one, so its set-up must still run when the backend is created again.
    const { setupFunc, disposeFunc } = stock ?? {};
    tf.registerKernel({
      kernelName,
      backendName: "wasm",
      kernelFunc,
      ...(setupFunc ? { setupFunc } : {}),
      ...(disposeFunc ? { disposeFunc } : {}),
    });
    undo.push(() => {
      tf.unregisterKernel(kernelName, "wasm");
      if (stock) tf.registerKernel(stock);
    });
  }
  return once(() => {
    for (const step of undo.reverse()) step();
  });
}
