import * as tf from "@tensorflow/tfjs-core";

/** Takes a registration back. Calling it twice does nothing more. */
export interface Registration {
  dispose(): void;
}

/** A kernel that may hand cases over to the stock one it stands in for. */
export type Wrapped = (stock: tf.KernelConfig | undefined) => tf.KernelFunc;

/** Kernels registered here → the stock ones they stand in for: a session whose end nobody saw leaves no stock kernels. */
const stockOf = new WeakMap<tf.KernelConfig, { readonly stock: tf.KernelConfig | undefined }>();

/**
 * Registers kernels of `backendName`, in place of stock ones where there are any; `dispose()` puts those back, and leaves
 * alone what has been registered over them since.
 */
export function registerKernels(
  backendName: string,
  kernels: { readonly [kernelName: string]: Wrapped },
): Registration {
  const undo = Object.entries(kernels).map(([kernelName, wrapped]) => {
    const found = tf.getKernel(kernelName, backendName);
    const known = found && stockOf.get(found);
    const stock = known ? known.stock : found;
    if (found) tf.unregisterKernel(kernelName, backendName);
    const own: tf.KernelConfig = { kernelName, backendName, kernelFunc: wrapped(stock) };
    tf.registerKernel(own);
    stockOf.set(own, { stock });
    return () => {
      if (tf.getKernel(kernelName, backendName) !== own) return;
      tf.unregisterKernel(kernelName, backendName);
      if (stock) tf.registerKernel(stock);
    };
  });
  return {
    dispose(): void {
      for (const step of undo.splice(0).reverse()) step();
    },
  };
}
