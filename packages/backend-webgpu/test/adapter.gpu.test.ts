import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type AnyRule, BackendError, BackendLostError, HookedOptimizer, sgd } from "@graftjs/core";
import { larsMomentum } from "@graftjs/lars";
import { testBackend } from "@graftjs/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { hardware } from "../../../tools/browser/flags.ts";
import type { PrecompileProgress, WebGPUSession } from "../src/node.ts";
import { webgpuBackend } from "../src/node.ts";
import { useTestGpu } from "./test-gpu.ts";

let session: WebGPUSession | undefined;
/** Number of device errors that the test causes on purpose. */
let made = 0;
beforeAll(async () => {
  useTestGpu();
  await tf.setBackend("cpu");
});
afterEach(async () => {
  const errors = session?.errors ?? [];
  await session?.dispose();
  session = undefined;
  await tf.setBackend("cpu");
  const expected = made;
  made = 0;
  expect(errors).toHaveLength(expected);
});

testBackend(() => webgpuBackend({ allowSoftware: true }));

describe("probe", () => {
  it("describes the device and keeps the current backend", async () => {
    const factories = Object.keys(tf.engine().registryFactory);
    const probe = await webgpuBackend({ allowSoftware: true }).availability();
    expect(probe).toMatchObject({ ok: true, capabilities: { missingKernels: [], floatBits: 32, syncRead: false } });
    expect(probe.ok && probe.capabilities.description).toMatch(hardware ? /\w/ : /SwiftShader/);
    expect(tf.getBackend()).toBe("cpu");
    expect(Object.keys(tf.engine().registryFactory)).toEqual(factories);
  });

  it("refuses a software device unless it is allowed", async () => {
    const probe = await webgpuBackend().availability();
    expect(probe.ok).toBe(hardware);
    if (probe.ok) return;
    expect(probe.reason).toMatch(/SwiftShader.* is software/);
    await expect(webgpuBackend().init()).rejects.toThrow(/wasm backend/);
  });

  it("lists everything that a device lacks, and the fix", async () => {
    const features = ["shader-f64"] as unknown as GPUFeatureName[];
    const probe = await webgpuBackend({
      allowSoftware: true,
      minLimits: { maxBufferSize: 2 ** 50, maxWhat: 1 },
      features,
    }).availability();
    expect(probe).toMatchObject({ ok: false, fix: expect.stringContaining("minLimits") });
    expect(!probe.ok && probe.reason).toMatch(/maxBufferSize is \d+.*maxWhat is unknown.*no feature shader-f64/);
  });
});

describe("session", () => {
  it("requests the adapter's limits and reports those granted", async () => {
    session = await webgpuBackend({ allowSoftware: true }).init();
    expect(tf.getBackend()).toBe("webgpu");
    expect(session.limits.maxStorageBuffersPerShaderStage).toBeGreaterThan(8);
    expect(session.features.has("timestamp-query")).toBe(true);
  });

  it("is unique: a second one is refused until the first is disposed or lost", async () => {
    session = await webgpuBackend({ allowSoftware: true }).init();
    await expect(webgpuBackend({ allowSoftware: true }).init()).rejects.toThrow(/open already/);
    session.device.destroy();
    const next = await webgpuBackend({ allowSoftware: true }).init();
    expect([...(await tf.square([3]).data())]).toEqual([9]);
    await next.dispose();
  });

  it("is unique even if two are requested at once", async () => {
    const [first, second] = await Promise.allSettled([
      webgpuBackend({ allowSoftware: true }).init(),
      webgpuBackend({ allowSoftware: true }).init(),
    ]);
    if (first.status === "rejected") throw first.reason;
    session = first.value;
    expect(second).toMatchObject({ status: "rejected", reason: { message: expect.stringMatching(/open already/) } });
    expect([...(await tf.square([3]).data())]).toEqual([9]);
  });

  it.each(["the lost one first", "the lost one last"])(
    "keeps the next one intact and leaves nothing at the end: %s",
    async (order) => {
      const lost = await webgpuBackend({ allowSoftware: true }).init();
      lost.device.destroy();
      session = await webgpuBackend({ allowSoftware: true }).init();
      if (order.endsWith("first")) await lost.dispose();
      expect(tf.getBackend()).toBe("webgpu");
      expect(tf.getKernel("GraftSgd", "webgpu")).toBeDefined();
      expect([...(await tf.square([3]).data())]).toEqual([9]);
      await session.dispose();
      await lost.dispose();
      expect(tf.getKernel("GraftSgd", "webgpu")).toBeUndefined();
      expect(Object.keys(tf.engine().registryFactory)).not.toContain("webgpu");
      expect(tf.getBackend()).toBe("cpu");
    },
  );

  it("leaves no kernel behind if tf.removeBackend is called before dispose()", async () => {
    const stock = tf.getKernel("AddN", "webgpu");
    const removed = await webgpuBackend({ allowSoftware: true }).init();
    tf.removeBackend("webgpu");
    await tf.setBackend("cpu");
    session = await webgpuBackend({ allowSoftware: true }).init();
    await removed.dispose();
    expect(tf.getKernel("GraftSgd", "webgpu")).toBeDefined();
    await session.dispose();
    expect(tf.getKernel("AddN", "webgpu")).toBe(stock);
  });

  it("is awaited by the next one while it is being disposed", async () => {
    const old = await webgpuBackend({ allowSoftware: true }).init();
    const leaving = old.dispose();
    session = await webgpuBackend({ allowSoftware: true }).init();
    await leaving;
    expect([...(await tf.square([3]).data())]).toEqual([9]);
  });

  it("restores everything if tfjs refuses the backend", async () => {
    const refuse = (): never => {
      throw new Error("not with me");
    };
    tf.registerKernel({ kernelName: "Refusing", backendName: "webgpu", kernelFunc: refuse, setupFunc: refuse });
    await expect(webgpuBackend({ allowSoftware: true }).init()).rejects.toThrow("not with me");
    tf.unregisterKernel("Refusing", "webgpu");
    expect(tf.getBackend()).toBe("cpu");
    expect(Object.keys(tf.engine().registryFactory)).not.toContain("webgpu");
    expect(tf.getKernel("GraftSgd", "webgpu")).toBeUndefined();
  });

  it("turns a lost device into a BackendLostError of the next operation, read or kernel", async () => {
    session = await webgpuBackend({ allowSoftware: true }).init();
    const x = tf.tensor1d([1, 2]);
    const y = tf.square(x);
    session.device.destroy();
    await expect(y.data()).rejects.toThrow(BackendLostError);
    expect(() => tf.add(x, y)).toThrow(BackendLostError);
    expect(() => session?.assertAlive()).toThrow(/last checkpoint/);
    expect(await session.lost).toBeInstanceOf(BackendLostError);
  });

  it("turns a loss in the middle of a read into a BackendLostError", async () => {
    session = await webgpuBackend({ allowSoftware: true }).init();
    const read = tf.square(tf.ones([512])).data();
    session.device.destroy();
    await expect(read).rejects.toThrow(BackendLostError);
  });

  it("throws a reported error once and keeps its message", async () => {
    session = await webgpuBackend({ allowSoftware: true }).init();
    session.device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
    const x = tf.ones([4]);
    await session.device.queue.onSubmittedWorkDone();
    const read = async (): Promise<unknown> => (await tf.square(x).data()).length;
    await expect(read()).rejects.toThrow(/reported 1 error.*GPUValidationError/s);
    expect(await read()).toBe(4);
    made = 1;
  });

  it("throws reported errors at dispose() after everything was restored", async () => {
    const dirty = await webgpuBackend({ allowSoftware: true }).init();
    dirty.device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
    await expect(dirty.dispose()).rejects.toThrow(/reported 1 error.*GPUValidationError/s);
    expect(tf.getBackend()).toBe("cpu");
    expect(tf.getKernel("GraftSgd", "webgpu")).toBeUndefined();
  });

  it("refuses a tensor that does not fit with a typed error", async () => {
    session = await webgpuBackend({ allowSoftware: true }).init();
    const { maxBufferSize } = session.limits;
    await expect(async () => {
      const huge = tf.fill([maxBufferSize / 4 + 1024], 1);
      await tf.slice(huge, 0, 1).data();
    }).rejects.toThrow(BackendError);
    made = session.errors.length;
    expect(made).toBeGreaterThan(0);
  });

  it("explains that it cannot read synchronously in Node", async () => {
    session = await webgpuBackend({ allowSoftware: true }).init();
    const y = tf.square(tf.tensor1d([1, 2]));
    expect(() => y.dataSync()).toThrow(/await tensor.data\(\)/);
  });

  it("compiles the shaders of a step beforehand and reports progress", async () => {
    session = await webgpuBackend({ allowSoftware: true }).init();
    tf.env().set("WEBGPU_CPU_FORWARD", false);
    const w = tf.variable(tf.ones([3, 2]));
    const x = tf.ones([4, 3]);
    const step = (): unknown => tf.variableGrads(() => tf.mean(tf.tanh(tf.matMul(x, w))) as tf.Scalar, [w]);
    const seen: PrecompileProgress[] = [];
    const before = tf.memory().numTensors;
    const compiled = await session.precompile(step, (progress) => seen.push(progress));
    expect(compiled).toBeGreaterThan(3);
    expect(seen.map(({ done }) => done)).toEqual(Array.from({ length: compiled + 1 }, (_, i) => i));
    expect(tf.memory().numTensors).toBe(before);
    expect(await session.precompile(step)).toBe(0);
    // Check that the compiled shaders compute.
    const { value } = step() as { value: tf.Scalar };
    expect((await value.data())[0]).toBeCloseTo(Math.tanh(3), 5);
  });

  it("compiles a whole update with its fused kernels beforehand, and changes no weight", async () => {
    session = await webgpuBackend({ allowSoftware: true }).init();
    tf.env().set("WEBGPU_CPU_FORWARD", false);
    const [w, x] = [tf.variable(tf.ones([3, 2])), tf.ones([4, 3])];
    const loss = (): tf.Scalar => tf.mean(tf.tanh(tf.matMul(x, w))) as tf.Scalar;
    const param = { name: "a/kernel", layer: "a", role: "kernel", shape: [3, 2], unitAxes: [1], variable: w };
    const make = (rule: AnyRule): HookedOptimizer => new HookedOptimizer({ params: [param], rule, learningRate: 0.1 });
    const norm = { x: tf.ones([4, 3]), mean: tf.zeros([3]), variance: tf.ones([3]) };
    const attrs = { varianceEpsilon: 1e-3, activation: "relu" };
    const update = (rule: AnyRule): void => {
      const trial = make(rule);
      tf.tidy(() => {
        trial.minimize(loss);
        tf.engine().runKernel("GraftBatchNorm", norm, attrs);
      });
      trial.dispose();
    };
    const { applyFused: _, ...composed } = sgd({ momentum: 0.9 });
    const rules = [sgd({ momentum: 0.9 }), larsMomentum(), composed];
    const before = tf.memory().numTensors;
    const compiled = await session.precompile(() => {
      for (const rule of rules) update(rule);
    });
    expect(compiled).toBeGreaterThan(8);
    expect(tf.memory().numTensors).toBe(before);
    expect([...(await w.data())]).toEqual(Array(6).fill(1));
    const late = vi.spyOn(session.device, "createComputePipeline");
    for (const rule of rules) update(rule);
    expect(late.mock.calls.map(([{ label }]) => label)).toEqual([]);
    expect((await w.data())[0]).toBeLessThan(1);
  });

  it("rejects if a shader does not compile, and leaves no promise in a cache", async () => {
    session = await webgpuBackend({ allowSoftware: true }).init();
    tf.env().set("WEBGPU_CPU_FORWARD", false);
    const refuse = vi
      .spyOn(session.device, "createComputePipelineAsync")
      .mockRejectedValue(new Error("no such shader"));
    const x = tf.ones([5]);
    await expect(session.precompile(() => tf.tan(x))).rejects.toThrow("no such shader");
    refuse.mockRestore();
    expect((await tf.tan(x).data())[0]).toBeCloseTo(Math.tan(1), 4);
  });

  it("restores stock kernels and the registry when it is disposed, even twice", async () => {
    const stock = tf.getKernel("AddN", "webgpu");
    session = await webgpuBackend({ allowSoftware: true }).init();
    expect(tf.getKernel("GraftSgd", "webgpu")).toBeDefined();
    expect(tf.getKernel("AddN", "webgpu")).not.toBe(stock);
    await session.dispose();
    await session.dispose();
    expect(tf.getKernel("GraftSgd", "webgpu")).toBeUndefined();
    expect(tf.getKernel("AddN", "webgpu")).toBe(stock);
    expect("webgpu" in tf.engine().registry).toBe(false);
    expect(tf.getBackend()).toBe("cpu");
  });
});

describe("a process", () => {
  const run = promisify(execFile);
  const script = fileURLToPath(new URL("./process.ts", import.meta.url));
  const tsx = fileURLToPath(new URL("../../../node_modules/.bin/tsx", import.meta.url));

  it("ends by itself after the session is disposed", async () => {
    const { stdout } = await run(tsx, [script], { timeout: 60_000 });
    expect(stdout.trim()).toBe("16 after dispose cpu");
  });

  it("says which packages to install if a driver is missing", async () => {
    const env = { ...process.env, VK_ICD_FILENAMES: "/nowhere/icd.json" };
    const { stdout } = await run(tsx, [script], { env, timeout: 60_000 });
    expect(stdout).toContain("no adapter was found");
    expect(stdout).toMatch(/apt-get install libvulkan1 chromium.*VK_ICD_FILENAMES/);
    expect(stdout).toContain("cpu");
  });
});
