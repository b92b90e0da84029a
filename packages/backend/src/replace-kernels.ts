import * as tf from "@tensorflow/tfjs-core";

/** Changes to tfjs's registries that can be taken back. */
export interface Registration {
  /** Takes the changes back. Calling it again has no effect. */
  dispose(): void;
}

/** A replaced kernel: the kernel that it covers, and whether its registration was disposed. */
interface Layer {
  readonly covered: tf.KernelConfig | undefined;
  disposed: boolean;
}

const layers = new WeakMap<tf.KernelConfig, Layer>();

/**
 * Registers kernels of `backendName` in tfjs's kernel registry, in place of the kernels of the same names if there are any.
 * The set-up and dispose functions of a replaced kernel stay in use. Read a kernel with `tf.getKernel` before this call if
 * your kernel hands cases over to it.
 *
 * Replacements may overlap and may be disposed in any order. `dispose()` uncovers the newest replacement that is not
 * disposed, or else the original kernel. A kernel that someone else has registered on top stays.
 */
export function replaceKernels(
  backendName: string,
  kernels: { readonly [kernelName: string]: tf.KernelFunc },
): Registration {
  const added = Object.entries(kernels).map(([kernelName, kernelFunc]) => {
    const covered = tf.getKernel(kernelName, backendName);
    if (covered) tf.unregisterKernel(kernelName, backendName);
    const config: tf.KernelConfig = { ...covered, kernelName, backendName, kernelFunc };
    const layer: Layer = { covered, disposed: false };
    layers.set(config, layer);
    tf.registerKernel(config);
    return { kernelName, layer };
  });
  return {
    dispose(): void {
      for (const { kernelName, layer } of added.splice(0)) {
        layer.disposed = true;
        uncover(kernelName, backendName);
      }
    },
  };
}

/** Registers the topmost kernel that is not disposed. */
function uncover(kernelName: string, backendName: string): void {
  const current = tf.getKernel(kernelName, backendName);
  const top = topmost(current);
  if (top === current) return;
  tf.unregisterKernel(kernelName, backendName);
  if (top) tf.registerKernel(top);
}

/** Returns `kernel`, or the first kernel below it that is not disposed. */
function topmost(kernel: tf.KernelConfig | undefined): tf.KernelConfig | undefined {
  const layer = kernel && layers.get(kernel);
  return layer?.disposed ? topmost(layer.covered) : kernel;
}
