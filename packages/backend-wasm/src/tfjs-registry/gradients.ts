import type { Registration } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import { once } from "./registration.ts";

/**
 * A gradient that is used while wasm is the current backend. Other backends keep the gradient registered before it. If none was
 * registered, they use this one too.
 */
export interface WasmGradient {
  readonly kernelName: string;
  readonly inputsToSave?: readonly string[];
  readonly outputsToSave?: readonly boolean[];
  readonly saveAllInputs?: boolean;
  /** Returns one function per input, or undefined to leave the case to the previous gradient. */
  gradFunc(
    dy: tf.Tensor,
    saved: readonly tf.Tensor[],
    attrs: tf.NamedAttrMap,
  ): { [input: string]: () => tf.Tensor } | undefined;
}

/**
 * Registers gradients in place of tfjs's own. If tfjs has one, the new one saves the same tensors, so that the old one can
 * take over a case.
 *
 * @returns `dispose()` puts the old gradients back.
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
        // If tfjs has no gradient, ours serves the other backends too: it must not hide that there is none.
        const ours = !stock || tf.getBackend() === "wasm" ? gradFunc(dy as tf.Tensor, saved, attrs) : undefined;
        if (ours) return ours;
        if (stock) return stock.gradFunc(dy, saved, attrs);
        throw new Error(`Cannot compute gradient: ${kernelName} has none. Express the op by others.`);
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

/**
 * Returns whether the gradient being computed will not be differentiated itself. tfjs closes the tape before it computes a
 * gradient, unless an outer tape is still recording.
 */
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
