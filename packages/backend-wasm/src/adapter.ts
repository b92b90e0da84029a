import type { Availability, BackendAdapter } from "@graftjs/core";
import { capabilities } from "./capabilities.ts";
import { trainingKernelNames } from "./kernel-table.ts";
import { messageOf } from "./message-of.ts";
import { type WasmBackendOptions, wasmOptions } from "./options.ts";
import { openSession } from "./session.ts";
import { loadPeer } from "./stock-backend/load-peer.ts";
import { threadCount } from "./threads/thread-count.ts";

/**
 * Makes an adapter of TensorFlow.js's wasm backend that can train.
 *
 * `init()` registers the peer `@tensorflow/tfjs-backend-wasm`, makes it current and registers the training kernels. The
 * session's `dispose()` puts the stock kernels back and ends its threads.
 *
 * @throws OptionsError for a wrong option. `init()` throws a BackendError if the backend does not start. After that it fails
 *   in the whole process or page, because tfjs then accepts no other paths.
 */
export function wasmBackend(options: WasmBackendOptions = {}): BackendAdapter {
  const { wasmPaths, threads = 1 } = wasmOptions.parse("wasm", options);
  return {
    name: "wasm",
    device: "cpu",
    async availability(): Promise<Availability> {
      if (typeof WebAssembly === "undefined") {
        return { ok: false, reason: "this engine has no WebAssembly", fix: "use the cpu backend" };
      }
      try {
        await loadPeer();
      } catch (cause) {
        return {
          ok: false,
          reason: `@tensorflow/tfjs-backend-wasm cannot be loaded: ${messageOf(cause)}`,
          fix: "install it: pnpm add @tensorflow/tfjs-backend-wasm",
        };
      }
      return { ok: true, capabilities: capabilities(trainingKernelNames(), threadCount(threads)) };
    },
    init: () => openSession(wasmPaths, threadCount(threads)),
  };
}
