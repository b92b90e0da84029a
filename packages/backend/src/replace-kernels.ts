import * as tf from "@tensorflow/tfjs-core";

/** Undoes a registration. A second call does nothing. */
export interface Registration {
  dispose(): void;
}

/** Makes a kernel that may pass some cases to the stock kernel that it replaces. */
export type Wrapped = (stock: tf.KernelConfig | undefined) => tf.KernelFunc;

/** Options of {@link replaceKernels}. */
export interface ReplaceOptions {
  /**
   * Whether several registrations lie on top of one another. If true, the kernel below is the one registered now, even if
   * `replaceKernels` registered it. If false, it is always the stock kernel.
   * @default false
   */
  readonly nested?: boolean;
}

/** Kernels registered here → the stock kernels that they replace. Needed if an earlier session was never disposed. */
const stockOf = new WeakMap<tf.KernelConfig, { readonly stock: tf.KernelConfig | undefined }>();

/**
 * Registers kernels of `backendName`, in place of stock ones if there are any. Set-up functions of the stock kernels are kept.
 * `dispose()` puts the stock kernels back; a kernel that other code has registered over ours since is left as it is.
 */
export function replaceKernels(
  backendName: string,
  kernels: { readonly [kernelName: string]: Wrapped },
  { nested = false }: ReplaceOptions = {},
): Registration {
  const undo = Object.entries(kernels).map(([kernelName, wrapped]) => {
    const found = tf.getKernel(kernelName, backendName);
    const known = found && !nested ? stockOf.get(found) : undefined;
    const stock = known ? known.stock : found;
    if (found) tf.unregisterKernel(kernelName, backendName);
    // A wrapped kernel may call the stock one, whose set-up must then run for each new backend.
    const own: tf.KernelConfig = { ...stock, kernelName, backendName, kernelFunc: wrapped(stock) };
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
