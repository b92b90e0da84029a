import { BackendError, type BackendSession } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { capabilities, describe } from "./capabilities.ts";
import { threadsOf } from "./heap/heap.ts";
import { claimThreads, prepareSharedHeap } from "./heap/thread-claims.ts";
import { messageOf } from "./message-of.ts";
import { loadPeer } from "./stock-backend/load-peer.ts";
import { withoutProcessListeners } from "./stock-backend/process-listeners.ts";
import { eachPath, type SharedFiles } from "./stock-backend/shared-files.ts";
import { type WasmPaths, wasmFolder } from "./stock-backend/wasm-paths.ts";
import { registerTrainingKernels } from "./training-kernels.ts";

/**
 * Opens a session: starts tfjs's wasm backend, registers the training kernels, and claims the threads.
 *
 * @param wasmPaths the option `wasmPaths`
 * @param threads number of threads, at least 1
 * @throws BackendError if the backend does not start
 */
export async function openSession(wasmPaths: WasmPaths | undefined, threads: number): Promise<BackendSession> {
  const peer = await loadPeer();
  const paths = wasmPaths ?? (await wasmFolder(peer.version_wasm));
  // A running backend needs no paths. tfjs also refuses new paths once the backend has failed.
  const running = "wasm" in tf.engine().registry;
  const heap = threads > 1 && !running ? await prepareSharedHeap(paths) : undefined;
  const shared = typeof heap === "object" ? heap : undefined;
  const setPaths = (given: WasmPaths, usePlatformFetch?: boolean): void => {
    try {
      (peer.setWasmPaths as (paths: WasmPaths, usePlatformFetch?: boolean) => void)(given, usePlatformFetch);
    } catch (cause) {
      shared?.release();
      throw new BackendError(
        "tfjs's wasm backend has failed to start before, and after that it accepts no other paths of its .wasm files.",
        "Restart the process, or reload the page, with the right `wasmPaths` from the start.",
        { cause },
      );
    }
  };
  if (!running) {
    // In an isolated page the stock backend would start threads of its own, which wait for one another on a busy machine.
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
    if (shared) setPaths(shared.paths, true);
    else if (paths !== undefined) setPaths(paths);
  }
  await start(paths, shared);
  // For a backend that is started again later: tfjs prefers paths of single files to a folder, and these blobs are gone then.
  if (shared && paths !== undefined) setPaths(eachPath(paths));
  const registration = registerTrainingKernels();
  const claim = await claimThreads(threads, typeof heap === "string" ? heap : undefined);
  const backend = tf.backend();
  // Sessions share the threads, so the description gives the number that computes now, not the one that was asked for.
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
      claim.end();
      registration.dispose();
    },
  };
}

/** Makes tfjs's wasm backend current, and releases the shared files. @throws BackendError if it does not start */
async function start(paths: WasmPaths | undefined, shared: SharedFiles | undefined): Promise<void> {
  let started = false;
  let cause: unknown;
  try {
    started = await withoutProcessListeners(() => tf.setBackend("wasm"));
  } catch (error) {
    cause = error;
  }
  shared?.release();
  if (started) return;
  throw new BackendError(
    `tfjs's wasm backend did not start${cause ? `: ${messageOf(cause)}` : ""}.`,
    `It looked for its .wasm files in ${paths === undefined ? "the script's folder" : JSON.stringify(paths)}. Pass \`wasmPaths\` with the folder or URL that serves them, in a new process or page.`,
    { cause },
  );
}
