import * as tf from "@tensorflow/tfjs-core";
import { once, type Registration } from "./kernels.ts";

/** A gradient while wasm is current; on every other backend the one that stood there before goes on. */
export interface WasmGradient {
  readonly kernelName: string;
  readonly inputsToSave?: readonly string[];
  readonly outputsToSave?: readonly boolean[];
  readonly saveAllInputs?: boolean;
  /** Undefined means: not my case. */
  gradFunc(
    dy: tf.Tensor,
    saved: readonly tf.Tensor[],
    attrs: tf.NamedAttrMap,
  ): { [input: string]: () => tf.Tensor } | undefined;
}

/**
 * Registers gradients in place of tfjs's own. Both save the same tensors, so that the old one can take over a case.
 *
 * @returns `dispose()` puts the old ones back.
 */
export function replaceGradients(gradients: readonly WasmGradient[]): Registration {
  const undo: (() => void)[] = [];
  for (const { kernelName, gradFunc, inputsToSave, outputsToSave, saveAllInputs } of gradients) {
    const stock = tf.getGradient(kernelName);
    if (stock) tf.unregisterGradient(kernelName);
    tf.registerGradient({
      ...(stock ?? {
        ...(inputsToSave ? { inputsToSave: [...inputsToSave] } : {}),
        ...(outputsToSave ? { outputsToSave: [...outputsToSave] } : {}),
        ...(saveAllInputs ? { saveAllInputs } : {}),
      }),
      kernelName,
      gradFunc: (dy, saved, attrs) => {
        const ours = tf.getBackend() === "wasm" ? gradFunc(dy as tf.Tensor, saved, attrs) : undefined;
        if (ours) return ours;
        if (stock) return stock.gradFunc(dy, saved, attrs);
        throw new Error(`Cannot compute gradient: ${kernelName} has none on the ${tf.getBackend()} backend.`);
      },
    });
    undo.push(() => {
      tf.unregisterGradient(kernelName);
      if (stock) tf.registerGradient(stock);
    });
  }
  return once(() => {
    for (const step of undo.reverse()) step();
  });
}

/** While a gradient is taken, the tape that led to it is closed, unless another one runs around it. */
export function isFirstOrder(): boolean {
  return tf.engine().state.gradientDepth === 0;
}

/** Runs a kernel of the current backend by name. */
export function runKernel<T extends tf.Tensor | tf.Tensor[] = tf.Tensor>(
  name: string,
  inputs: { readonly [name: string]: tf.Tensor | undefined },
  attrs: { readonly [name: string]: unknown } = {},
): T {
  return tf.engine().runKernel(name, inputs as unknown as tf.NamedTensorMap, attrs as unknown as tf.NamedAttrMap) as T;
}
