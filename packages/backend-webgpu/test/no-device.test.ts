import { BackendError } from "@graftjs/core";
import { expect, it } from "vitest";
import { webgpuAdapter } from "../src/adapter.ts";

/** A machine whose driver answers as given. */
function machine(adapter: unknown): Parameters<typeof webgpuAdapter>[1] {
  return { gpu: async () => ({ requestAdapter: async () => adapter }) as unknown as GPU, noAdapterFix: "install one" };
}
const info = { description: "llvmpipe", vendor: "mesa" };
const limits = { maxBufferSize: 2 ** 28 };

it("says that the driver is too old where the adapter gives no device, and keeps the driver's own words", async () => {
  const requestDevice = async (): Promise<never> => Promise.reject(new Error("Vulkan 1.1 or later is required"));
  const old = webgpuAdapter({}, machine({ info, limits, features: new Set(), requestDevice }));
  expect(await old.probe()).toEqual({
    ok: false,
    reason: "the adapter llvmpipe, mesa gave no device: Vulkan 1.1 or later is required",
    fix: "Update the graphics driver.",
  });
  await expect(old.init()).rejects.toThrow(BackendError);
});

it("says what the platform wants where there is no adapter", async () => {
  const none = webgpuAdapter({}, machine(null));
  expect(await none.probe()).toMatchObject({
    ok: false,
    reason: expect.stringContaining("requestAdapter() gave null"),
    fix: "install one",
  });
  await expect(none.init()).rejects.toThrow(/there is no adapter[\s\S]*install one/);
});

it("names the limit that an adapter does not reach", async () => {
  const weak = webgpuAdapter({ minLimits: { maxBufferSize: 2 ** 31 } }, machine({ info, limits, features: new Set() }));
  expect(await weak.probe()).toMatchObject({
    ok: false,
    reason: expect.stringContaining("maxBufferSize is 268435456, not 2147483648"),
  });
});
