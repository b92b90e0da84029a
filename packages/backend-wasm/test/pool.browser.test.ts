import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { openPage } from "../../../tools/browser/page.ts";
import type { Pooled } from "./pool-page.ts";

const wasm = readFileSync(
  createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm"),
).toString("base64");

/** Runs the page, served with these headers, and returns its results. */
async function pooled(headers: Readonly<Record<string, string>>): Promise<Pooled> {
  const page = await openPage({ entry: new URL("./pool-page.ts", import.meta.url), headers });
  try {
    const result = await page.call<Pooled>("pooled", wasm);
    expect(page.problems).toEqual([]);
    return result;
  } finally {
    await page.close();
  }
}

it("computes with three threads in a cross-origin isolated page, with the bits of one thread", async () => {
  const result = await pooled({
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
  });
  expect(result).toMatchObject({ isolated: true, warnings: [], equal: true, threadsAfter: 1, tensors: 0 });
  expect(result.description).toContain("3 threads");
  expect(result.helped).toBeGreaterThan(0);
});

it("names the missing headers if a page is not isolated, and computes with one thread", async () => {
  const result = await pooled({});
  expect(result).toMatchObject({ isolated: false, helped: 0, equal: true, tensors: 0 });
  expect(result.description).toContain("1 thread");
  expect(result.warnings).toEqual([
    expect.stringMatching(/one thread computes, not 3.*Cross-Origin-Opener-Policy.*Cross-Origin-Embedder-Policy/),
  ]);
});
