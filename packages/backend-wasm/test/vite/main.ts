import { train } from "./train.ts";

// The page finds the .wasm files without a path. The worker uses those that Vite emits.
const inWorker = (): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });

Object.assign(globalThis, { trainInPage: () => train({}), trainInWorker: inWorker });
