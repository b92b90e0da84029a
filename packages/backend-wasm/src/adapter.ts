import type { BackendAdapter, BackendSession, Capabilities, Probe } from "@graftjs/core";
import { BackendError, missingTrainingKernels } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { withoutProcessListeners } from "./process-listeners.ts";
import { simdLevel } from "./simd/module.ts";
import { registerTrainingKernels, trainingKernelNames } from "./training-kernels.ts";
import { type WasmPaths, wasmFolder } from "./wasm-paths.ts";

/** Options of {@link wasmBackend}. */
export interface WasmBackendOptions {
  /**
   * Where the `.wasm` files of `@tensorflow/tfjs-backend-wasm` are.
   * @default In Node, the installed peer. In a browser, the page's folder where it serves them, else jsDelivr in the peer's version.
   */
  readonly wasmPaths?: WasmPaths;
}

/**
 * TensorFlow.js's wasm backend, able to train.
 *
 * `init()` registers the peer `@tensorflow/tfjs-backend-wasm`, makes it current and registers the training kernels; the
 * session's `dispose()` puts the stock kernels back.
 */
export function wasmBackend({ wasmPaths }: WasmBackendOptions = {}): BackendAdapter {
  return {
    name: "wasm",
    device: "cpu",
    async probe(): Promise<Probe> {
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
      return { ok: true, capabilities: capabilities(trainingKernelNames()) };
    },
    async init(): Promise<BackendSession> {
      const peer = await loadPeer();
      const paths = wasmPaths ?? (await wasmFolder(peer.version_wasm));
      // tfjs refuses new paths once the backend has failed; one that runs already has no use for them.
      if (paths !== undefined && !("wasm" in tf.engine().registry))
        peer.setWasmPaths(paths as string | Record<string, string>);
      let started = false;
      let cause: unknown;
      try {
        started = await withoutProcessListeners(() => tf.setBackend("wasm"));
      } catch (error) {
        cause = error;
      }
      if (!started) {
        throw new BackendError(
          `tfjs's wasm backend did not start${cause ? `: ${messageOf(cause)}` : ""}.`,
          `It looked for its .wasm files in ${paths === undefined ? "the script's folder" : JSON.stringify(paths)}. Pass \`wasmPaths\` with the folder or URL that serves them.`,
          { cause },
        );
      }
      const registration = registerTrainingKernels();
      return {
        name: "wasm",
        capabilities: capabilities([]),
        async dispose(): Promise<void> {
          registration.dispose();
        },
      };
    },
  };
}

/** The peer, loaded on demand: importing it registers the stock backend, which importing this package must not do. */
function loadPeer(): Promise<typeof import("@tensorflow/tfjs-backend-wasm")> {
  return import("@tensorflow/tfjs-backend-wasm");
}

function capabilities(promised: readonly string[]): Capabilities {
  return {
    missingKernels: missingTrainingKernels("wasm", promised),
    floatBits: 32,
    syncRead: true,
    description: `WebAssembly, ${{ relaxed: "relaxed SIMD", simd: "SIMD", none: "no SIMD: slow, composed kernels" }[simdLevel()]}, 1 thread`,
  };
}

function messageOf(cause: unknown): string {
  return cause instanceof Error
    ? cause.message
    : ((cause as { message?: string } | undefined)?.message ?? String(cause));
}
