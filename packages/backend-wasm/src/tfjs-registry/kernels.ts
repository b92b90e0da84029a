import * as tf from "@tensorflow/tfjs-core";

/** What puts back what a registration replaced. Calling it twice does nothing more. */
export interface Registration {
  dispose(): void;
}

/**
 * Registers kernels for the wasm backend in place of stock ones.
 *
 * @returns `dispose()` puts the stock kernels back, in reverse order, so that registrations nest.
 */
export function replaceKernels(kernels: { readonly [kernelName: string]: tf.KernelFunc }): Registration {
  const undo: (() => void)[] = [];
  for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
    const stock = tf.getKernel(kernelName, "wasm");
    if (stock) tf.unregisterKernel(kernelName, "wasm");
    // The stock kernel's set-up still runs when a backend is made anew: our kernels hand cases over to it.
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

/** Several registrations as one, made in order and undone in reverse; where one cannot be made, those before it are undone. */
export function together(steps: readonly (() => Registration)[]): Registration {
  const made: Registration[] = [];
  const all = once(() => {
    for (const registration of made.reverse()) registration.dispose();
  });
  try {
    for (const step of steps) made.push(step());
  } catch (error) {
    all.dispose();
    throw error;
  }
  return all;
}

/** A registration whose undoing happens once. */
export function once(undo: () => void): Registration {
  let done = false;
  return {
    dispose(): void {
      if (done) return;
      done = true;
      undo();
    },
  };
}
