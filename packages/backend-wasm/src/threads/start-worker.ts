import { WORKER_SOURCE } from "./worker-source.ts";

/** A thread, in Node or in a browser. */
export interface PoolWorker {
  /** Ends the thread, even in the middle of a kernel. */
  end(): void;
}

/** Arguments of {@link startWorker}. */
export interface WorkerStart {
  /** Data for the worker's program; see worker-source.ts. */
  readonly data: unknown;
  /** Called once, when the worker is ready for work. */
  onReady(): void;
  /** Called if the worker does not start, or ends unasked. */
  onLost(reason: string): void;
}

/** Starts the worker's program: by worker_threads in Node, as a module Worker from a blob URL elsewhere. */
export function startWorker(start: WorkerStart): PoolWorker {
  const { process } = globalThis as { process?: NodeJS.Process };
  // Taken from the process instead of imported: a bundler for the browser would try to resolve Node's modules.
  const threads = process?.versions?.node ? process.getBuiltinModule?.("node:worker_threads") : undefined;
  return threads ? inNode(threads, start) : inBrowser(start);
}

function inNode(threads: typeof import("node:worker_threads"), { data, onReady, onLost }: WorkerStart): PoolWorker {
  // Without execArgv, loaders of the main thread such as tsx would run here too and triple the start-up time.
  const worker = new threads.Worker(WORKER_SOURCE, { eval: true, execArgv: [], workerData: data });
  worker.unref();
  let asked = false;
  worker.once("message", onReady);
  worker.once("error", (error) => onLost(String(error)));
  worker.once("exit", (code) => {
    if (!asked) onLost(`it ended with code ${code}`);
  });
  return {
    end(): void {
      asked = true;
      void worker.terminate();
    },
  };
}

function inBrowser({ data, onReady, onLost }: WorkerStart): PoolWorker {
  const url = URL.createObjectURL(new Blob([WORKER_SOURCE], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module", name: "graft-wasm" });
  worker.onmessage = () => {
    URL.revokeObjectURL(url);
    onReady();
  };
  worker.onerror = ({ message }) => onLost(message || "it was refused; does the page's CSP allow `worker-src blob:`?");
  worker.postMessage(data);
  return { end: () => worker.terminate() };
}
