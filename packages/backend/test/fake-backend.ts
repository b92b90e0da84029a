import type { WatchedBackend } from "@graftjs/backend";
import { BackendLostError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** A backend without kernels whose device a test can lose. */
export class FakeBackend extends tf.KernelBackend implements WatchedBackend {
  retire?: () => Promise<void>;
  disposed = false;
  #lost: BackendLostError | undefined;
  #closed = false;
  readonly watch: WatchedBackend["watch"] = ((backend: FakeBackend) => ({
    get lost() {
      return backend.#lost;
    },
    get closed() {
      return backend.#closed;
    },
    closing(): void {
      backend.#closed = true;
    },
  }))(this);

  /** Loses the device. */
  lose(): void {
    this.#lost = new BackendLostError("The fake device was lost.", "Open it again.");
  }

  override dispose(): void {
    this.disposed = true;
  }
}
