import { BackendError, BackendLostError } from "@graftjs/core";

/** What has happened to a device. */
export interface DeviceWatch {
  /** Set from the moment the loss is known. */
  readonly lost: BackendLostError | undefined;
  /** Resolves with the error once the device is lost; never, where it is closed on purpose. */
  readonly whenLost: Promise<BackendLostError>;
  /** Messages of the errors no error scope caught, oldest first: since then results may be wrong. */
  readonly errors: readonly string[];
  /** `closing()` was called. */
  readonly closed: boolean;
  /** @throws BackendLostError where the device is lost; BackendError, once each, for errors that no error scope caught. */
  assertAlive(): void;
  /** Waits for the commands submitted so far, then throws as `assertAlive()` does, but not for a loss. */
  settle(): Promise<void>;
  /** The typed error for `cause`, thrown by an operation: waits until the device says whether it is gone. */
  explain(cause: unknown): Promise<unknown>;
  /** The device is about to be destroyed on purpose: no loss. */
  closing(): void;
}

/** Time in which a dying device says so. Chromium reports the loss after the operation that failed from it. */
const GRACE_MS = 250;

/** Listens to `device.lost` and `uncapturederror`, which stock tfjs does not. */
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
      "Its tensors are gone. Dispose the session, open a backend again, and go on from the last checkpoint.",
    );
    announce(lost);
    return lost;
  };
  const assertClean = (): void => {
    if (reported === errors.length) return;
    const fresh = errors.slice(reported);
    reported = errors.length;
    throw new BackendError(
      `WebGPU reported ${fresh.length} error${fresh.length > 1 ? "s" : ""} that no operation saw:\n${fresh.join("\n")}`,
      "Results since the last read may be wrong: go back to a checkpoint. Out of memory: take smaller batches, or call session.trim().",
    );
  };
  const settled = device.lost.then(({ reason, message }) => {
    if (!closed) lose(message || reason || "no reason given");
  });
  // A caller that destroys the device knows at once; `device.lost` tells only after the running task.
  const destroy = device.destroy.bind(device);
  device.destroy = () => {
    if (!closed) lose("device.destroy() was called");
    destroy();
  };
  device.addEventListener("uncapturederror", (event) => {
    const { error } = event as GPUUncapturedErrorEvent;
    errors.push(`${error.constructor.name}: ${error.message}`);
    // tfjs would only log it; the session keeps it and the next operation throws it.
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
      // On a device that goes meanwhile, work may never be done.
      if (!lost) await Promise.race([device.queue.onSubmittedWorkDone().catch(() => {}), settled]);
      if (!lost) assertClean();
    },
    async explain(cause: unknown): Promise<unknown> {
      if (!lost) await Promise.race([settled, new Promise((resolve) => setTimeout(resolve, GRACE_MS))]);
      if (closed && !lost) {
        return new BackendError(
          "The WebGPU session was disposed before this was read.",
          "Await reads before dispose().",
          {
            cause,
          },
        );
      }
      return lost ?? cause;
    },
    closing(): void {
      closed = true;
    },
  };
}
