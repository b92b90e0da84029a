import type { BackendAdapter, BackendSession, Capabilities, Probe } from "@graftjs/core";
import { assertOptions, BackendError, missingTrainingKernels } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { wasmOptions } from "./options.ts";
import { withoutProcessListeners } from "./stock-backend/process-listeners.ts";
import { threadsOf } from "./heap/heap.ts";
import { simdLevel } from "./simd/module.ts";
import { threadCount } from "./threads/thread-count.ts";
import { eachPath } from "./stock-backend/shared-files.ts";
import { prepareSharedHeap, claimThreads } from "./heap/thread-claims.ts";
import { registerTrainingKernels, trainingKernelNames } from "./training-kernels.ts";
import { type WasmPaths, wasmFolder } from "./stock-backend/wasm-paths.ts";

/** Options of {@link wasmBackend}. */
export interface WasmBackendOptions {
  /**
   * Where the `.wasm` files of `@tensorflow/tfjs-backend-wasm` are.
   * @default In Node, the installed peer. In a browser, the page's folder where it serves them, else jsDelivr in the peer's version.
   */
  readonly wasmPaths?: WasmPaths;
  /**
   * Threads that compute, 1 to 64; "auto" is one for each core, 8 at most. Large operations are shared out, small ones stay
   * on the calling thread; results are the same to the bit. In a browser the page must be cross-origin isolated. Where
   * threads cannot be had, one warning says why and one thread computes.
   * @default 1
   */
  readonly threads?: number | "auto";
}

/**
 * TensorFlow.js's wasm backend, able to train.
 *
 * `init()` registers the peer `@tensorflow/tfjs-backend-wasm`, makes it current and registers the training kernels; the
 * session's `dispose()` puts the stock kernels back and gives up its threads.
 *
 * @throws OptionsError for a wrong option. `init()` throws a BackendError where the backend does not start, and once it has
 *   failed for all of the process or page: tfjs takes no other paths then.
 */
export function wasmBackend(options: WasmBackendOptions = {}): BackendAdapter {
  assertOptions("wasm", wasmOptions, options);
  const { wasmPaths, threads = 1 } = options;
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
      return { ok: true, capabilities: capabilities(trainingKernelNames(), threadCount(threads)) };
    },
    async init(): Promise<BackendSession> {
      const peer = await loadPeer();
      const paths = wasmPaths ?? (await wasmFolder(peer.version_wasm));
      const count = threadCount(threads);
      // One that runs already has no use for paths, and tfjs refuses new ones once the backend has failed.
      const running = "wasm" in tf.engine().registry;
      const heap = count > 1 && !running ? await prepareSharedHeap(paths) : undefined;
      const shared = typeof heap === "object" ? heap : undefined;
      const setPaths = (given: WasmPaths, usePlatformFetch?: boolean): void => {
        try {
          (peer.setWasmPaths as (paths: WasmPaths, usePlatformFetch?: boolean) => void)(given, usePlatformFetch);
        } catch (cause) {
          shared?.release();
          throw new BackendError(
            "tfjs's wasm backend has failed to start before, and after that it takes no other paths for its .wasm files.",
            "Restart the process, or load the page anew, with the right `wasmPaths` from the start.",
            { cause },
          );
        }
      };
      if (!running) {
        // In an isolated page stock would start threads of its own, which wait for one another on a busy machine.
        tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
        if (shared) setPaths(shared.paths, true);
        else if (paths !== undefined) setPaths(paths);
      }
      let started = false;
      let cause: unknown;
      try {
        started = await withoutProcessListeners(() => tf.setBackend("wasm"));
      } catch (error) {
        cause = error;
      }
      shared?.release();
      // For a backend that is started anew: tfjs prefers single paths to a folder, and would find the blob gone.
      if (shared && started && paths !== undefined) setPaths(eachPath(paths));
      if (!started) {
        throw new BackendError(
          `tfjs's wasm backend did not start${cause ? `: ${messageOf(cause)}` : ""}.`,
          `It looked for its .wasm files in ${paths === undefined ? "the script's folder" : JSON.stringify(paths)}. Pass \`wasmPaths\` with the folder or URL that serves them, in a new process or page.`,
          { cause },
        );
      }
      const registration = registerTrainingKernels();
      const crew = await claimThreads(count, typeof heap === "string" ? heap : undefined);
      const backend = tf.backend();
      // Sessions share the threads: what computes now counts, not what this one has asked for.
      let threadsNow = (): number => threadsOf(backend);
      const { missingKernels, floatBits, syncRead } = capabilities([], 1);
      return {
        name: "wasm",
        capabilities: {
          missingKernels,
          floatBits,
          syncRead,
          get description(): string {
            return describe(threadsNow());
          },
        },
        async dispose(): Promise<void> {
          const last = threadsNow();
          threadsNow = () => last;
          crew.end();
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

function capabilities(promised: readonly string[], threads: number): Capabilities {
  return {
    missingKernels: missingTrainingKernels("wasm", promised),
    floatBits: 32,
    syncRead: true,
    description: describe(threads),
  };
}

function describe(threads: number): string {
  const level = { relaxed: "relaxed SIMD", simd: "SIMD", none: "no SIMD: slow, composed kernels" }[simdLevel()];
  return `WebAssembly, ${level}, ${threads} thread${threads === 1 ? "" : "s"}`;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error
    ? cause.message
    : ((cause as { message?: string } | undefined)?.message ?? String(cause));
}
