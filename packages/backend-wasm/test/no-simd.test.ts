import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { wasmBackend } from "../src/index.ts";
import { expectLossesOfCpu } from "./fit-losses.ts";
import { SETUPS } from "./fit-setups.ts";

// An engine without SIMD rejects every module with SIMD. tfjs then also loads its own build without SIMD.
const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
const warnings = (): string[] => warn.mock.calls.map(([text]) => String(text)).filter((text) => text.includes("SIMD"));

beforeAll(async () => {
  await (await wasmBackend().init()).dispose();
});
afterAll(() => {
  validate.mockRestore();
  warn.mockRestore();
});

describe("an engine without SIMD", () => {
  it("falls back with one warning for any number of sessions", async () => {
    expect(warnings()).toEqual([expect.stringMatching(/no WebAssembly SIMD; training runs on composed kernels/)]);
    const session = await wasmBackend().init();
    expect(warnings()).toHaveLength(1);
    expect(session.capabilities.description).toContain("no SIMD: slow, composed kernels");
    expect(session.capabilities.missingKernels).toEqual([]);
    expect(tf.env().getBool("WASM_HAS_SIMD_SUPPORT")).toBe(false);
    await session.dispose();
  });

  it("computes on one thread if more are asked for, and says why", async () => {
    const session = await wasmBackend({ threads: 2 }).init();
    expect(session.capabilities.description).toContain("1 thread");
    await session.dispose();
  });

  // 4 is coprime to the numbers of set-ups in the families, so the sample includes every family.
  describe("trains like cpu", () => {
    beforeAll(async () => {
      await wasmBackend().init();
    });
    it.each(Object.entries(SETUPS).filter((_, i) => i % 4 === 0))("%s", expectLossesOfCpu);
  });
});
