import { expect, it, vi } from "vitest";
import { webgpuAdapter } from "../src/adapter.ts";

vi.mock("@tensorflow/tfjs-backend-webgpu", () => {
  throw new Error("not installed");
});

it("destroys the device if the peer cannot be loaded", async () => {
  const destroy = vi.fn();
  const device = { destroy, lost: new Promise(() => {}), addEventListener: () => {} };
  const adapter = { info: {}, limits: {}, features: new Set(), requestDevice: async () => device };
  const gpu = { requestAdapter: async () => adapter } as unknown as GPU;
  const backend = webgpuAdapter({}, { gpu: async () => gpu, noAdapterFix: "" });
  await expect(backend.init()).rejects.toThrow(/cannot be loaded[\s\S]*pnpm add/);
  expect(destroy).toHaveBeenCalledOnce();
});
