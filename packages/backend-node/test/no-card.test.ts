import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { nativeBackend, setNativeEnvironment } from "../src/index.ts";
import { TENSORFLOW } from "../src/load/backend-name.ts";

const { TF_CPP_MIN_LOG_LEVEL: before } = process.env;
beforeAll(() => tf.copyRegisteredKernels("cpu", TENSORFLOW));
afterEach(() => {
  vi.restoreAllMocks();
  if (before === undefined) delete process.env.TF_CPP_MIN_LOG_LEVEL;
  else process.env.TF_CPP_MIN_LOG_LEVEL = before;
});

it.each([
  ["gpu", {}, "3"],
  ["cpu", {}, "2"],
  ["gpu", { logLevel: 1 }, "1"],
] as const)("sets TensorFlow's log level before it loads: %s, %o", (device, options, expected) => {
  delete process.env.TF_CPP_MIN_LOG_LEVEL;
  setNativeEnvironment({ device, ...options });
  expect(process.env.TF_CPP_MIN_LOG_LEVEL).toBe(expected);
});

it("keeps a log level from the environment", () => {
  process.env.TF_CPP_MIN_LOG_LEVEL = "0";
  setNativeEnvironment({ device: "gpu" });
  expect(process.env.TF_CPP_MIN_LOG_LEVEL).toBe("0");
});

// The CUDA build has 4 GB, so a fake backend replaces it here. The README describes the runs with the real one.
it.each([
  ["gpu", false, 1],
  ["gpu", true, 0],
  ["cpu", false, 0],
] as const)("device %s, with a card: %s, is reported in %i line(s)", async (device, isUsingGpuDevice, lines) => {
  const binding = { TF_Version: "2.18.1", isUsingGpuDevice: () => isUsingGpuDevice };
  tf.registerBackend(TENSORFLOW, () => Object.assign(new MathBackendCPU(), { binding, isUsingGpuDevice }));
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  try {
    const session = await nativeBackend({ device, fused: false }).init();
    expect(warn.mock.calls.map(([line]) => line)).toEqual(
      Array(lines).fill(
        expect.stringMatching(/^@graftjs\/backend-node: .*no usable GPU.*runs on the CPU.*nvidia-smi.*logLevel/),
      ),
    );
    expect(session.capabilities.description).toBe(`TensorFlow 2.18.1, ${isUsingGpuDevice ? "CUDA" : "CPU"}`);
    await session.dispose();
  } finally {
    tf.removeBackend(TENSORFLOW);
  }
});
