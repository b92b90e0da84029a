import { BackendError } from "@graftjs/core";
import { expect, it } from "vitest";
import { webgpuAdapter } from "../src/adapter.ts";

/** Returns a machine with the given adapter. */
function machine(adapter: unknown): Parameters<typeof webgpuAdapter>[1] {
  return { gpu: async () => ({ requestAdapter: async () => adapter }) as unknown as GPU, noAdapterFix: "install one" };
}
const info = { description: "Radeon", vendor: "amd" };
const limits = { maxBufferSize: 2 ** 28 };

it("advises a new driver if the adapter gives no device, and keeps the driver's message", async () => {
  const requestDevice = async (): Promise<never> => Promise.reject(new Error("Vulkan 1.1 or later is required"));
  const old = webgpuAdapter({}, machine({ info, limits, features: new Set(), requestDevice }));
  expect(await old.availability()).toEqual({
    ok: false,
    reason: "the adapter Radeon, amd gave no device: Vulkan 1.1 or later is required",
    fix: "Update the graphics driver.",
  });
  await expect(old.init()).rejects.toThrow(BackendError);
});

it("gives the platform's advice if no adapter is found", async () => {
  const none = webgpuAdapter({}, machine(null));
  expect(await none.availability()).toMatchObject({
    ok: false,
    reason: expect.stringContaining("requestAdapter() gave null"),
    fix: "install one",
  });
  await expect(none.init()).rejects.toThrow(/no adapter was found[\s\S]*install one/);
});

it("names a limit that the adapter does not reach", async () => {
  const weak = webgpuAdapter({ minLimits: { maxBufferSize: 2 ** 31 } }, machine({ info, limits, features: new Set() }));
  expect(await weak.availability()).toMatchObject({
    ok: false,
    reason: expect.stringContaining("maxBufferSize is 268435456, not 2147483648"),
  });
});

it("refuses software, by its mark or by its name, unless it is allowed", async () => {
  const [marked, named] = [
    { info: { ...info, isFallbackAdapter: true } },
    { info: { description: "llvmpipe", vendor: "mesa" } },
  ];
  for (const adapter of [marked, named, { info, isFallbackAdapter: true }]) {
    const rest = { limits, features: new Set() };
    expect(await webgpuAdapter({}, machine({ ...rest, ...adapter })).availability()).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/is software/),
      fix: expect.stringContaining("allowSoftware: true"),
    });
    const taken = webgpuAdapter({ allowSoftware: true, minLimits: { maxWhat: 1 } }, machine({ ...rest, ...adapter }));
    expect(await taken.availability()).toMatchObject({ reason: expect.stringMatching(/maxWhat is unknown/) });
  }
});
