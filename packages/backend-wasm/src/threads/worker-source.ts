import { ARGUMENTS, DONE, ENDED, FAILED, HELPED, KERNEL, ROW, SLEEPERS, TABLE, UNTAKEN } from "./shared-counter.ts";

/**
 * How long an idle worker looks for work before it sleeps, in milliseconds. The gap between two kernels of a step is about
 * 0.05 ms, and waking a sleeper costs the main thread a system call of about that length.
 */
const SPIN_MS = 0.2;

/**
 * The program of a worker. A string, so that it starts from any bundle without a file beside it, and plain JavaScript, so
 * that no build tool has put its helpers into it.
 *
 * All a worker does is take a chunk, call the kernel on it, and count it done. It holds no tensors and no state between
 * chunks. `start` gets { module, memory, board, names, scratch }; `scratch` is this worker's own.
 */
export const WORKER_SOURCE: string = `
const start = ({ module, memory, board, names, scratch }, ready) => {
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const kernels = names.map((name) => exports[name]);
  const words = new Int32Array(board, 0, ${TABLE / 4});
  const table = new Float64Array(board, ${TABLE});
  ready();
  let idleSince = performance.now();
  while (Atomics.load(words, ${ENDED}) === 0) {
    const left = Atomics.load(words, ${UNTAKEN});
    if (left > 0) {
      if (Atomics.compareExchange(words, ${UNTAKEN}, left, left - 1) !== left) continue;
      // From here to DONE the row is this worker's: the main thread writes no new job before all chunks are done.
      const row = (left - 1) * ${ROW};
      const args = Array.from(table.subarray(row, row + words[${ARGUMENTS}]));
      args.push(scratch);
      try {
        kernels[words[${KERNEL}]](...args);
      } catch {
        Atomics.add(words, ${FAILED}, 1);
      }
      Atomics.add(words, ${HELPED}, 1);
      Atomics.add(words, ${DONE}, 1);
      Atomics.notify(words, ${DONE});
      idleSince = performance.now();
    } else if (performance.now() - idleSince > ${SPIN_MS}) {
      Atomics.add(words, ${SLEEPERS}, 1);
      // Returns at once where chunks have appeared in the meantime.
      Atomics.wait(words, ${UNTAKEN}, 0);
      Atomics.sub(words, ${SLEEPERS}, 1);
      idleSince = performance.now();
    }
  }
};
if (typeof WorkerGlobalScope === "undefined") {
  const { parentPort, workerData } = require("node:worker_threads");
  start(workerData, () => parentPort.postMessage("ready"));
} else {
  onmessage = ({ data }) => start(data, () => postMessage("ready"));
}
`;
