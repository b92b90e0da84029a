import { WORKER_SOURCE } from "./worker-source.ts";

/** A thread, in Node or in a browser. */
export interface PoolWorker {
  /** Ends the thread, also in the middle of a kernel. */
  end(): void;
}

/** What {@link startWorker} is told. */
export interface WorkerStart {
  /** What the worker's program gets; see worker-source.ts. */
  readonly data: unknown;
  /** Called once when the worker is ready for work. */
  onReady(): void;
  /** Called where the worker does not start, or ends without having been asked to. */
  onLost(reason: string): void;
}

/** Starts the worker's program: by worker_threads in Node, as a module Worker from a blob elsewhere. */
export function startWorker(start: WorkerStart): PoolWorker {
  const { process } = globalThis as { process?: NodeJS.Process };
  // Asked of the process and not imported: a bundler for the browser would look for Node's modules.
  const threads = process?.versions?.node ? process.getBuiltinModule?.("node:worker_threads") : undefined;
  return threads ? inNode(threads, start) : inBrowser(start);
}

function inNode(threads: typeof import("node:worker_threads"), { data, onReady, onLost }: WorkerStart): PoolWorker {
  // execArgv: loaders of the main thread, tsx say, have nothing to do here and would triple the start.
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
