import * as tf from "@tensorflow/tfjs-core";

/** A name in tfjs's backend registry that holds our backend. */
export interface Place {
  /**
   * Disposes the backend and restores the registry: the former factory of this name is registered again, and the former
   * backend is current again. If someone else has changed the registration meanwhile, it stays as it is.
   */
  leave(): Promise<void>;
}

/**
 * Registers `backend` in tfjs under `name` and makes it current.
 *
 * @returns undefined if tfjs refuses the backend. The registry is then as before, and the backend is disposed.
 * @throws the error of a kernel's set-up function, after the registry was restored.
 */
export async function takePlace(name: string, backend: tf.KernelBackend, priority: number): Promise<Place | undefined> {
  const engine = tf.engine();
  const formerBackend = engine.backendName;
  const formerEntry = engine.registryFactory[name];
  const factory = (): tf.KernelBackend => backend;
  const leave = async (): Promise<void> => {
    if (engine.registryFactory[name]?.factory === factory) {
      const current = engine.backendName === name;
      tf.removeBackend(name);
      if (formerEntry) tf.registerBackend(name, formerEntry.factory, formerEntry.priority);
      if (current && formerBackend && formerBackend !== name) await tf.setBackend(formerBackend);
    }
    backend.dispose();
  };
  if (formerEntry) tf.removeBackend(name);
  tf.registerBackend(name, factory, priority);
  try {
    // On failure tfjs returns false and does not throw, but it has already changed the current backend's name.
    if (await tf.setBackend(name)) return { leave };
  } catch (error) {
    await leave();
    throw error;
  }
  await leave();
  return undefined;
}

let lastOpening: Promise<unknown> = Promise.resolve();

/**
 * Runs `open` after all earlier calls have finished. If an app calls `init()` twice at once, the second call then sees the
 * session that the first one has opened.
 */
export function inTurn<T>(open: () => Promise<T>): Promise<T> {
  const opening = lastOpening.then(open);
  lastOpening = opening.catch(() => {});
  return opening;
}
