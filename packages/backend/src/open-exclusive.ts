import { BackendError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { takePlace } from "./place.ts";
import { replaceKernels } from "./replace-kernels.ts";
import { type Undo, undoList } from "./undo.ts";

/** A tfjs backend that knows whether its device is gone, and how to end the session that it belongs to. */
export interface WatchedBackend extends tf.KernelBackend {
  readonly watch: {
    /** The error, from the moment that the device is known to be gone. */
    readonly lost: BackendError | undefined;
    /** Whether the device was given up on purpose. */
    readonly closed: boolean;
    /** Announces that the device will be given up on purpose, which is not a loss. */
    closing(): void;
  };
  /** Ends the session that the backend belongs to. Set once the session is open. */
  retire?: () => Promise<void>;
}

/** The parts of opening that differ from backend to backend. */
export interface Opening<B extends WatchedBackend> {
  /** Name of the backend in tfjs, e.g. "webgpu". */
  readonly name: string;
  /** Name of the backend for people, e.g. "WebGPU". */
  readonly label: string;
  /** tfjs chooses the backend with the highest priority if the app does not choose one. */
  readonly priority: number;
  /** Makes the backend. Steps added to `undo` run when the session ends, or if it cannot be opened. */
  create(undo: Undo): Promise<B>;
  /** Returns the kernels to register while the session is open, by name. */
  kernels(): { readonly [kernelName: string]: tf.KernelFunc };
  /** Prepares the end of the session. If it fails, the session ends all the same, and its error is thrown at the end. */
  close(backend: B): void | Promise<void>;
}

/** An open backend. */
export interface Opened<B> {
  readonly backend: B;
  /** Ends the session and takes back all changes to tfjs. Later calls return the promise of the first one. */
  dispose(): Promise<void>;
}

/**
 * Makes the one backend of this name, registers it in tfjs, makes it current and replaces kernels.
 *
 * @throws BackendError if a session of this name or tfjs's stock backend is running, or if tfjs refuses the backend; and
 * whatever `create` throws. All changes are taken back first.
 */
export async function openExclusive<B extends WatchedBackend>(opening: Opening<B>): Promise<Opened<B>> {
  const { name, label, priority, create, kernels, close } = opening;
  await vacate(name, label);
  const undo = undoList();
  let backend: B | undefined;
  try {
    backend = await create(undo);
    const place = await takePlace(name, backend, priority);
    if (!place)
      throw new BackendError(`tfjs did not accept the ${label} backend.`, "See tfjs's message in the console.");
    undo.add(place.leave);
    undo.add(replaceKernels(name, kernels()).dispose);
  } catch (error) {
    backend?.watch.closing();
    await undo.run();
    throw error;
  }
  const opened = backend;
  const end = async (): Promise<void> => {
    const errors: unknown[] = [];
    try {
      await close(opened);
    } catch (error) {
      errors.push(error);
    }
    await undo.run();
    if (errors.length > 0) throw errors[0];
  };
  let ended: Promise<void> | undefined;
  const dispose = (): Promise<void> => {
    ended ??= end();
    return ended;
  };
  opened.retire = dispose;
  return { backend: opened, dispose };
}

/**
 * Makes room for a backend of this name. Two of them cannot exist at once, because the tensors of the first would be lost
 * without notice. A session whose device is lost, or that is being disposed, is ended first.
 */
async function vacate(name: string, label: string): Promise<void> {
  const running = tf.engine().registry[name] as (tf.KernelBackend & Partial<WatchedBackend>) | undefined;
  if (!running) return;
  if (running.retire && (running.watch?.lost || running.watch?.closed)) {
    // If this fails, the caller of that session's `dispose()` gets the error.
    await running.retire().catch(() => {});
    return;
  }
  throw new BackendError(
    running.watch ? `A ${label} session is open already.` : `tfjs's stock ${label} backend is running already.`,
    running.watch
      ? "Use that session, or dispose it first."
      : `Call init() in place of tf.setBackend("${name}"), or tf.removeBackend("${name}") before it.`,
  );
}
