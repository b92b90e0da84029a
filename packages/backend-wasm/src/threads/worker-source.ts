import { ARGUMENTS, DONE, ENDED, FAILED, HELPED, KERNEL, ROW, SLEEPERS, TABLE, UNTAKEN } from "./shared-counter.ts";

/**
 * Time for which an idle worker polls for work before it sleeps, in milliseconds. The gap between two kernels of a training
 * step is about 0.05 ms. Waking a sleeper costs the main thread a system call of about that length.
 */
const SPIN_MS = 0.2;

/**
 * The program of a worker. It is a string so that it starts from any bundle without a separate file. It is plain JavaScript
 * so that no build tool inserts calls of its helpers.
 *
 * A worker takes a chunk, calls the kernel on it, and counts it as done. It has no tensors, and no state between chunks.
 * `start` gets { module, memory, shared, names, scratch }. Each worker has a `scratch` to itself.
 */
export const WORKER_SOURCE: string = `
const start = ({ module, memory, shared, names, scratch }, ready) => {
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const kernels = names.map((name) => exports[name]);
  const words = new Int32Array(shared, 0, ${TABLE / 4});
  const table = new Float64Array(shared, ${TABLE});
  ready();
  let idleSince = performance.now();
  while (Atomics.load(words, ${ENDED}) === 0) {
    const left = Atomics.load(words, ${UNTAKEN});
    if (left > 0) {
      if (Atomics.compareExchange(words, ${UNTAKEN}, left, left - 1) !== left) continue;
      // The row does not change until this worker counts it in DONE: the main thread writes the next job after that.
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
      // Returns immediately if chunks have appeared meanwhile.
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
