import * as tf from "@tensorflow/tfjs-core";

/** tfjs's place for a backend of this name. */
export interface Place {
  /** Gives it back: what stood there is registered again, and the backend of before is current again. */
  leave(): Promise<void>;
}

/**
 * Puts `backend` into tfjs's place for `name` and makes it current.
 *
 * @returns undefined where tfjs does not take it; everything is then as it was.
 */
export async function takePlace(name: string, backend: tf.KernelBackend, priority: number): Promise<Place | undefined> {
  const engine = tf.engine();
  const former = engine.backendName;
  const stock = engine.registryFactory[name];
  const factory = (): tf.KernelBackend => backend;
  const leave = async (): Promise<void> => {
    // Else somebody has removed it meanwhile, and what stands there now is not ours.
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
    // tfjs answers false where others would throw, and the name is set all the same.
    if (await tf.setBackend(name)) return { leave };
  } catch (cause) {
    await leave();
    throw cause;
  }
  await leave();
  return undefined;
}

let last: Promise<unknown> = Promise.resolve();

/** Runs `open` once those before it are done: of two `init()` at once, the second sees what the first has opened. */
export function inTurn<T>(open: () => Promise<T>): Promise<T> {
  const mine = last.then(open);
  last = mine.catch(() => {});
  return mine;
}
