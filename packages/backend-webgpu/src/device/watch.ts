import { BackendError, BackendLostError } from "@graftjs/core";

/** Watches over a device. */
export interface DeviceWatch {
  /** The error, from the moment that the loss is known. */
  readonly lost: BackendLostError | undefined;
  /** Resolves with the error when the device is lost. Never settles if the device is closed on purpose. */
  readonly whenLost: Promise<BackendLostError>;
  /** Messages of the errors that no error scope caught, oldest first. After such an error results may be wrong. */
  readonly errors: readonly string[];
  /** Whether `closing()` was called. */
  readonly closed: boolean;
  /**
   * Checks that the device is usable.
   *
   * @throws BackendLostError if the device is lost. BackendError for errors that no error scope caught, once for each error.
   */
  assertAlive(): void;
  /** Waits for all submitted commands, then throws like `assertAlive()`, except for a loss. */
  settle(): Promise<void>;
  /** Returns the typed error for an error thrown by an operation. Waits until the device reports whether it is lost. */
  explain(cause: unknown): Promise<unknown>;
  /** Announces that the device will be destroyed on purpose, which is not a loss. */
  closing(): void;
}

/** Time to wait for a loss to be reported, because Chromium reports it after the operation that it broke. */
const GRACE_MS = 250;

/** Listens to `device.lost` and to `uncapturederror`, which stock tfjs does not do. */
export function watchDevice(device: GPUDevice): DeviceWatch {
  const errors: string[] = [];
  let reported = 0;
  let lost: BackendLostError | undefined;
  let closed = false;
  let announce: (error: BackendLostError) => void = () => {};
  const whenLost = new Promise<BackendLostError>((resolve) => {
    announce = resolve;
  });
  const lose = (why: string): BackendLostError => {
    lost ??= new BackendLostError(
      `The WebGPU device was lost: ${why}`,
      "Its tensors are gone. Dispose the session, open a backend again, and continue from the last checkpoint.",
    );
    announce(lost);
    return lost;
  };
  const assertClean = (): void => {
    if (reported === errors.length) return;
    const fresh = errors.slice(reported);
    reported = errors.length;
    throw new BackendError(
      `WebGPU reported ${fresh.length} error${fresh.length > 1 ? "s" : ""} outside of any operation:\n${fresh.join("\n")}`,
      "Results since the last read may be wrong: go back to a checkpoint. If memory ran out, use smaller batches or call session.trim().",
    );
  };
  const settled = device.lost.then(({ reason, message }) => {
    if (!closed) lose(message || reason || "no reason given");
  });
  // If the app destroys the device, record the loss at once: `device.lost` resolves only after the running task.
  const destroy = device.destroy.bind(device);
  device.destroy = () => {
    if (!closed) lose("device.destroy() was called");
    destroy();
  };
  device.addEventListener("uncapturederror", (event) => {
    const { error } = event as GPUUncapturedErrorEvent;
    errors.push(`${error.constructor.name}: ${error.message}`);
    // Keep tfjs from only logging the error. The next operation throws it.
    event.preventDefault();
  });
  return {
    get lost() {
      return lost;
    },
    whenLost,
    errors,
    get closed() {
      return closed;
    },
    assertAlive(): void {
      if (lost) throw lost;
      assertClean();
    },
    async settle(): Promise<void> {
      // If the device is lost meanwhile, the work may never finish.
      if (!lost) await Promise.race([device.queue.onSubmittedWorkDone().catch(() => {}), settled]);
      if (!lost) assertClean();
    },
    async explain(cause: unknown): Promise<unknown> {
      if (!lost) await Promise.race([settled, new Promise((resolve) => setTimeout(resolve, GRACE_MS))]);
      if (closed && !lost) {
        return new BackendError(
          "The WebGPU session was disposed before this tensor was read.",
          "Await reads before dispose().",
          { cause },
        );
      }
      return lost ?? cause;
    },
    closing(): void {
      closed = true;
    },
  };
}
