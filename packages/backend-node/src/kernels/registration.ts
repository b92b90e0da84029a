import * as tf from "@tensorflow/tfjs-core";
import { TENSORFLOW } from "../load/backend-name.ts";

/** What puts back what a registration replaced. */
export interface Registration {
  dispose(): void;
}

/** Registers kernels of the native backend in place of tfjs-node's; `dispose()` puts those back. */
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

/** A gradient of ours: what tfjs's is told, with tensors saved in addition. */
export interface FastGradient {
  /** Outputs saved beside what tfjs's own gradient saves. @default none */
  readonly outputsToSave?: boolean[];
  /**
   * `saved`: what tfjs's own gradient saves, then the outputs asked for. `undefined`: this case is not ours.
   */
  readonly gradient: (
    dy: tf.Tensor,
    saved: tf.Tensor[],
    attrs: tf.NamedAttrMap,
  ) => Readonly<Record<string, () => tf.Tensor>> | undefined;
}

/**
 * Puts gradients of ours before tfjs's. tfjs keeps gradients for all backends together, so ours steps aside where another
 * backend is current, and where a gradient is itself being differentiated: our kernels have no gradient of their own.
 */
export function replaceGradients(gradients: Readonly<Record<string, FastGradient>>): Registration {
  const undo: (() => void)[] = [];
  for (const [kernelName, { outputsToSave, gradient }] of Object.entries(gradients)) {
    const stock = tf.getGradient(kernelName);
    // No gradients at all: the app has not imported tfjs-layers yet, and core says so when it trains.
    if (!stock) continue;
    const extra = outputsToSave?.filter(Boolean).length ?? 0;
    tf.unregisterGradient(kernelName);
    tf.registerGradient({
      ...stock,
      ...(outputsToSave ? { outputsToSave } : {}),
      gradFunc: (dy, saved, attrs) => {
        const ours =
          isFirstOrder() && tf.getBackend() === TENSORFLOW ? gradient(dy as tf.Tensor, saved, attrs) : undefined;
        return ours ?? stock.gradFunc(dy, extra > 0 ? saved.slice(0, saved.length - extra) : saved, attrs);
      },
    });
    undo.push(() => {
      tf.unregisterGradient(kernelName);
      tf.registerGradient(stock);
    });
  }
  return {
    dispose() {
      for (const step of undo.splice(0).reverse()) step();
    },
  };
}

/** While a gradient is taken, the tape that led to it is closed, unless another one runs around it. */
function isFirstOrder(): boolean {
  return tf.engine().state.gradientDepth === 0;
}
