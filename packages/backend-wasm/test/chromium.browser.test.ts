import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPage, type TestPage } from "../../../tools/browser/page.ts";
import type { Trained } from "./page.ts";

const wasm = readFileSync(
  createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm"),
);
let page: TestPage;
beforeAll(async () => {
  page = await openPage({
    entry: new URL("./page.ts", import.meta.url),
    worker: new URL("./worker.ts", import.meta.url),
  });
});
afterAll(async () => {
  await page?.close();
});

function expectTrained({ description, losses, expected, tensors }: Trained): void {
  expect(description).toContain("SIMD");
  expect(tensors).toBe(0);
  expect(losses).toHaveLength(3);
  for (const [epoch, loss] of expected.entries()) expect(losses[epoch]).toBeCloseTo(loss, 4);
}

describe("wasm in Chromium", () => {
  it("trains in a page like cpu", async () => {
    expectTrained(await page.call<Trained>("train", wasm.toString("base64")));
  });

  it("trains in a Web Worker like cpu", async () => {
    expectTrained(await page.call<Trained>("trainInWorker", wasm.toString("base64")));
  });

  it("caused no error in the console", () => {
    expect(page.problems).toEqual([]);
  });
});
