import type { Registration } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import { TENSORFLOW } from "../load/backend-name.ts";

/** A gradient in place of tfjs's. */
export interface FastGradient {
  /** Outputs to save in addition to the tensors that tfjs's own gradient saves. @default none */
  readonly outputsToSave?: boolean[];
  /**
   * Computes the gradient.
   *
   * @param saved the tensors that tfjs's own gradient saves, then the outputs requested by `outputsToSave`.
   * @returns undefined if it does not support the case. tfjs's own gradient is used then.
   */
  readonly gradient: (
    dy: tf.Tensor,
    saved: tf.Tensor[],
    attrs: tf.NamedAttrMap,
  ) => Readonly<Record<string, () => tf.Tensor>> | undefined;
}

/**
 * Registers gradients in place of tfjs's. tfjs has one table of gradients for all backends, so ours are used only while the native
 * backend is current. They are not used while a gradient itself is being differentiated, because our kernels have no gradients.
 */
export function replaceGradients(gradients: Readonly<Record<string, FastGradient>>): Registration {
  const undo: (() => void)[] = [];
  for (const [kernelName, { outputsToSave, gradient }] of Object.entries(gradients)) {
    const stock = tf.getGradient(kernelName);
    // If the app has not imported tfjs-layers, no gradients are registered. Core reports this when it trains.
    if (!stock) continue;
    const extra = outputsToSave?.filter(Boolean).length ?? 0;
    tf.unregisterGradient(kernelName);
    tf.registerGradient({
      ...stock,
      ...(outputsToSave ? { outputsToSave } : {}),
      gradFunc: (dy, saved, attrs) => {
        const fast =
          isFirstOrder() && tf.getBackend() === TENSORFLOW ? gradient(dy as tf.Tensor, saved, attrs) : undefined;
        return fast ?? stock.gradFunc(dy, extra > 0 ? saved.slice(0, saved.length - extra) : saved, attrs);
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

/** Says whether the gradient being computed is not recorded by a gradient around it. */
function isFirstOrder(): boolean {
  return tf.engine().state.gradientDepth === 0;
}
