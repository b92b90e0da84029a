import * as tf from "@tensorflow/tfjs-core";

/** Takes a registration back. Calling it twice does nothing more. */
export interface Registration {
  dispose(): void;
}

/** A kernel that may hand cases over to the stock one it stands in for. */
export type Wrapped = (stock: tf.KernelConfig | undefined) => tf.KernelFunc;

/** Registers kernels of `backendName`, in place of stock ones where there are any; `dispose()` puts those back. */
export function registerKernels(
  backendName: string,
  kernels: { readonly [kernelName: string]: Wrapped },
): Registration {
  const undo = Object.entries(kernels).map(([kernelName, wrapped]) => {
    const stock = tf.getKernel(kernelName, backendName);
    if (stock) tf.unregisterKernel(kernelName, backendName);
    tf.registerKernel({ kernelName, backendName, kernelFunc: wrapped(stock) });
    return () => {
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
