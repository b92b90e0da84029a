import { train } from "./page.ts";

// Runs in a Web Worker: trains on request and posts the results.
self.onmessage = async ({ data }: MessageEvent<string>): Promise<void> => {
  self.postMessage(await train(data));
};
