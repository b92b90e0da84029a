import type { BackendAdapter } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Runs `fn` on each adapter's backend, one after the other, and then goes back to `cpu`. */
export async function onAdapters(
  adapters: readonly BackendAdapter[],
  fn: (name: string) => void | Promise<void>,
): Promise<void> {
  for (const adapter of adapters) {
    const session = await adapter.init();
    try {
      await fn(adapter.name);
    } finally {
      await session.dispose();
      await tf.setBackend("cpu");
    }
  }
}
