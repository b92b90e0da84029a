import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BackendError } from "@graftjs/core";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { nativeBackend, setNativeEnvironment, TooLateError } from "../src/index.ts";
import { TENSORFLOW } from "../src/load/backend-name.ts";
import { loadedBuild, markLoaded } from "../src/load/environment.ts";
import { loadInstall, loadTfjsNode } from "../src/load/load.ts";

const empty = mkdtempSync(join(tmpdir(), "graft-late-"));
beforeAll(() => tf.copyRegisteredKernels("cpu", TENSORFLOW));
beforeEach(() => {
  vi.stubEnv("TF_NUM_INTRAOP_THREADS", undefined);
  vi.stubEnv("TF_ENABLE_ONEDNN_OPTS", undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  if (tf.findBackendFactory(TENSORFLOW) !== null) tf.removeBackend(TENSORFLOW);
});
afterAll(() => rmSync(empty, { recursive: true, force: true }));

/** A backend like the one that the user's own tfjs-node registers. */
function register(isUsingGpuDevice: boolean, isGPUPackage?: boolean): void {
  const binding = { TF_Version: "2.9.1", isUsingGpuDevice: () => isUsingGpuDevice };
  tf.registerBackend(TENSORFLOW, () =>
    Object.assign(new MathBackendCPU(), {
      binding,
      isUsingGpuDevice,
      ...(isGPUPackage === undefined ? {} : { isGPUPackage }),
    }),
  );
}

it("a failed load does not count: options for loading can still be set", () => {
  expect(() => loadInstall(empty)).toThrow(BackendError);
  expect(() => loadTfjsNode(empty)).toThrow(BackendError);
  expect(loadedBuild()).toBeUndefined();
  setNativeEnvironment({ threads: 5 });
  expect(process.env.TF_NUM_INTRAOP_THREADS).toBe("5");
});

describe("with the user's own tfjs-node loaded", () => {
  it("refuses an option that TensorFlow has read already, and sets nothing", async () => {
    register(false);
    await expect(nativeBackend({ threads: 1 }).init()).rejects.toThrow(/TF_NUM_INTRAOP_THREADS=1.*loaded already/);
    expect(process.env.TF_NUM_INTRAOP_THREADS).toBeUndefined();
    expect(() => setNativeEnvironment({ oneDnn: true })).toThrow(TooLateError);
    const session = await nativeBackend({ fused: false }).init();
    expect(process.env.TF_ENABLE_ONEDNN_OPTS).toBeUndefined();
    await session.dispose();
  });

  it.each([
    ["gpu", false, false, /build for the CPU[\s\S]*install-native --gpu/],
    ["cpu", true, true, /runs on a graphics card[\s\S]*CUDA_VISIBLE_DEVICES=-1/],
  ] as const)("refuses device %s if it runs on the other", async (device, usesGpu, gpuPackage, message) => {
    register(usesGpu, gpuPackage);
    const before = tf.engine().backendName;
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const error = await nativeBackend({ device, fused: false })
      .init()
      .catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(TooLateError);
    expect((error as Error).message).toMatch(message);
    expect(warn).not.toHaveBeenCalled();
    expect(tf.engine().backendName).toBe(before);
  });

  it.each([
    ["no device is asked for", {}, true, true],
    ["it is tfjs-node-gpu on a machine without a card", { device: "gpu" }, false, true],
  ] as const)("uses it if %s", async (_, options, usesGpu, gpuPackage) => {
    register(usesGpu, gpuPackage);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const session = await nativeBackend({ ...options, fused: false }).init();
    expect(session.capabilities.description).toBe(`TensorFlow 2.9.1, ${usesGpu ? "CUDA" : "CPU"}`);
    expect(warn).toHaveBeenCalledTimes(usesGpu ? 0 : 1);
    await session.dispose();
  });
});

// This test is the last one, because a loaded library is not unloaded.
it("refuses `gpu` after our own CPU build, and reports in one line that our CUDA build found no card", async () => {
  register(false, false);
  markLoaded("cpu");
  await expect(nativeBackend({ device: "gpu", fused: false }).init()).rejects.toThrow(TooLateError);
  markLoaded("gpu");
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  await (await nativeBackend({ device: "gpu", fused: false }).init()).dispose();
  expect(warn).toHaveBeenCalledTimes(1);
});
