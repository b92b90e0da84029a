import * as tf from "@tensorflow/tfjs-core";

/** The error that {@link failAt} injects. */
export class InjectedFault extends Error {
  override name = "InjectedFault";
}

/**
 * Runs `fn` and makes one kernel call throw an {@link InjectedFault}.
 *
 * @param n the number of that kernel call, counted from 0.
 * @returns whether the fault was thrown: false if `fn` makes at most `n` kernel calls.
 * @throws every other error of `fn`.
 */
export async function failAt(n: number, fn: () => unknown): Promise<boolean> {
  const engine = tf.engine();
  const original = engine.runKernel;
  let count = 0;
  engine.runKernel = function runKernel<T extends tf.Tensor | tf.Tensor[]>(
    this: typeof engine,
    ...args: Parameters<typeof original>
  ): T {
    if (count++ === n) throw new InjectedFault(`Injected at kernel call ${n} (${args[0]}).`);
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
