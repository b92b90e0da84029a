import * as tf from "@tensorflow/tfjs-core";

/** A backend's registration with tfjs. */
export interface Place {
  /** Restores the former state: the replaced backend is registered again, and the former backend is current again. */
  leave(): Promise<void>;
}

/**
 * Registers `backend` with tfjs under `name`, in place of the stock one, and makes it current.
 *
 * @returns undefined if tfjs refuses it. Everything is then as before.
 */
export async function takePlace(name: string, backend: tf.KernelBackend, priority: number): Promise<Place | undefined> {
  const engine = tf.engine();
  const former = engine.backendName;
  const stock = engine.registryFactory[name];
  const factory = (): tf.KernelBackend => backend;
  const leave = async (): Promise<void> => {
    // If the factory differs, other code has removed ours since: the present backend is not ours to remove.
    if (engine.registryFactory[name]?.factory === factory) {
      const current = engine.backendName === name;
      tf.removeBackend(name);
      if (stock) tf.registerBackend(name, stock.factory, stock.priority);
      if (current && former && former !== name) await tf.setBackend(former);
    }
    backend.dispose();
  };
  if (stock) tf.removeBackend(name);
  tf.registerBackend(name, factory, priority);
  try {
    // tfjs returns false instead of throwing, and has set the name all the same.
    if (await tf.setBackend(name)) return { leave };
  } catch (cause) {
    await leave();
    throw cause;
  }
  await leave();
  return undefined;
}

let last: Promise<unknown> = Promise.resolve();

/** Runs `open` after all earlier calls have finished: of two `init()` at once, the second sees the backend that the first opened. */
export function inTurn<T>(open: () => Promise<T>): Promise<T> {
  const mine = last.then(open);
  last = mine.catch(() => {});
  return mine;
}
