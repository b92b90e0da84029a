import * as tf from "@tensorflow/tfjs-core";

/** Thrown by an injected fault. */
export class InjectedFault extends Error {}

/**
 * Runs `fn` with the n-th kernel of the engine (from 0) throwing an {@link InjectedFault}.
 *
 * @returns whether `fn` threw: false once `fn` runs fewer kernels than `n + 1`. Other errors pass through.
 */
export async function failAt(n: number, fn: () => unknown): Promise<boolean> {
  const engine = tf.engine();
  const original = engine.runKernel;
  let count = 0;
  engine.runKernel = function runKernel<T extends tf.Tensor | tf.Tensor[]>(
    this: typeof engine,
    ...args: Parameters<typeof original>
  ): T {
    if (count++ === n) throw new InjectedFault(`Injected at op ${n} (${args[0]}).`);
    return original.apply(this, args) as T;
  };
  try {
    await fn();
    return false;
  } catch (error) {
    if (error instanceof InjectedFault) return true;
    throw error;
  } finally {
    engine.runKernel = original;
  }
}
