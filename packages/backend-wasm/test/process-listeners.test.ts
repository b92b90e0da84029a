import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { wasmBackend } from "../src/index.ts";

it("leaves the process's listeners for uncaught errors as they were, which Emscripten's start-up does not", async () => {
  const count = (): number[] => [
    process.listenerCount("uncaughtException"),
    process.listenerCount("unhandledRejection"),
  ];
  const before = count();
  const session = await wasmBackend().init();
  expect(tf.getBackend()).toBe("wasm");
  expect(count()).toEqual(before);
  await session.dispose();
});
