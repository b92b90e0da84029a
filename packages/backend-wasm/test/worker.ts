import { train } from "./page.ts";

// In a Web Worker: trains on request and posts what came of it.
self.onmessage = async ({ data }: MessageEvent<string>): Promise<void> => {
  self.postMessage(await train(data));
};
