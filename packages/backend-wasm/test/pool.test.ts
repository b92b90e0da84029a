import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { type AnyRule, adam, adamw, type BackendSession, HookedOptimizer, namedParams, sgd } from "@graftjs/core";
import { lamb, larsMomentum } from "@graftjs/lars";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { heapOf } from "../src/heap/heap.ts";
import { wasmBackend } from "../src/index.ts";
import type { WasmBackend } from "../src/stock-backend/wasm-backend.ts";
import { PoolBackoff } from "../src/threads/pool-backoff.ts";
import { ThreadPool } from "../src/threads/thread-pool.ts";
import { POOL_CASES, type PoolCase, run } from "./pool-cases.ts";

const matMul = POOL_CASES[0] as PoolCase;
const RULES: Readonly<Record<string, () => AnyRule>> = {
  sgd: () => sgd(),
  momentum: () => sgd({ momentum: 0.9, nesterov: true }),
  adam: () => adam(),
  adamw: () => adamw({ weightDecay: 0.1 }),
  lars: () => larsMomentum({ weightDecay: 0.01, momentum: 0.9 }),
  lamb: () => lamb({ weightDecay: 0.1 }),
};
const sessions: BackendSession[] = [];
async function open(threads: number): Promise<BackendSession> {
  const session = await wasmBackend({ threads }).init();
  sessions.push(session);
  return session;
}

// The first session has threads: it starts a backend with a shared heap, which sessions with one thread can use as well.
beforeAll(async () => {
  await (await wasmBackend({ threads: 2 }).init()).dispose();
});

afterEach(async () => {
  vi.restoreAllMocks();
  for (const session of sessions.splice(0)) await session.dispose();
});

/** Keeps the pool open as on a machine with idle cores. On a busy one the pool would close, and nothing would be tested. */
function alwaysOpen(): void {
  vi.spyOn(PoolBackoff.prototype, "open", "get").mockReturnValue(true);
}

/** Returns the pool of the backend's heap. */
function poolOf(spy: { readonly mock: { readonly contexts: readonly unknown[] } }): ThreadPool {
  return spy.mock.contexts.at(-1) as ThreadPool;
}

async function until(condition: () => boolean): Promise<boolean> {
  for (const end = performance.now() + 20_000; performance.now() < end; ) {
    if (condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}

describe("threads", () => {
  it.each(POOL_CASES)("$name: the bits of one thread, with chunks that workers computed", async (poolCase) => {
    alwaysOpen();
    const spy = vi.spyOn(ThreadPool.prototype, "run");
    await open(1);
    const expected = run(poolCase);
    expect(spy).not.toHaveBeenCalled();
    const session = await open(3);
    expect(session.capabilities.description).toContain("3 threads");
    const before = tf.memory().numTensors;
    // A worker that the machine has not run yet takes no chunk, so this repeats until one did.
    await until(() => {
      expect(run(poolCase).equals(expected)).toBe(true);
      return poolOf(spy).helped > 0;
    });
    expect(poolOf(spy).helped).toBeGreaterThan(0);
    expect(tf.memory().numTensors - before).toBe(0);
  });

  it.each(Object.entries(RULES))("%s makes steps with the bits of one thread", async (_, rule) => {
    alwaysOpen();
    const spy = vi.spyOn(ThreadPool.prototype, "run");
    await open(1);
    const expected = weightsAfterSteps(rule());
    expect(spy).not.toHaveBeenCalled();
    await open(3);
    await until(() => {
      expect(weightsAfterSteps(rule()).equals(expected)).toBe(true);
      return poolOf(spy).helped > 0;
    });
    expect(poolOf(spy).helped).toBeGreaterThan(0);
  });

  it("trains a net with the bits of one thread", async () => {
    alwaysOpen();
    const spy = vi.spyOn(ThreadPool.prototype, "run");
    await open(1);
    const expected = await losses();
    expect(spy).not.toHaveBeenCalled();
    await open(2);
    expect(await losses()).toEqual(expected);
    expect(spy).toHaveBeenCalled();
  });

  it("continues if the heap grows while workers use it", async () => {
    alwaysOpen();
    const spy = vi.spyOn(ThreadPool.prototype, "run");
    await open(2);
    const expected = run(matMul);
    const { wasm } = tf.backend() as WasmBackend;
    const bytes = wasm.HEAPU8.byteLength;
    const large = tf.zeros([bytes / 4]);
    expect(wasm.HEAPU8.byteLength).toBeGreaterThan(bytes);
    const helped = poolOf(spy).helped;
    await until(() => {
      expect(run(matMul).equals(expected)).toBe(true);
      return poolOf(spy).helped > helped;
    });
    expect(poolOf(spy).helped).toBeGreaterThan(helped);
    large.dispose();
  });

  it("are one pool for all sessions, as large as the largest asks for, until the last one ends", async () => {
    const said = (session: BackendSession): string => session.capabilities.description?.split(", ").at(-1) ?? "";
    const heap = heapOf(tf.backend());
    const [two, another] = await Promise.all([open(2), open(2)]);
    const one = await open(1);
    expect([two, another, one].map(said)).toEqual(["2 threads", "2 threads", "2 threads"]);
    await two.dispose();
    expect([heap.threads, said(another)]).toEqual([2, "2 threads"]);
    const three = await open(3);
    expect([heap.threads, said(another), said(one)]).toEqual([3, "3 threads", "3 threads"]);
    await another.dispose();
    await one.dispose();
    expect(heap.threads).toBe(3);
    await three.dispose();
    await three.dispose();
    // A session that has ended keeps its description.
    expect([heap.threads, said(three)]).toEqual([1, "3 threads"]);
  });

  it("keep the present pool if a larger one does not start", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const two = await open(2);
    withWorker(
      class extends Worker {
        constructor() {
          super("throw new Error('no more threads')", { eval: true });
        }
      },
    );
    await open(3);
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/2 threads compute, not 3:.*no more threads/)]]);
    expect(two.capabilities.description).toContain("2 threads");
  });

  it("end with the session", async () => {
    const exits: number[] = [];
    withWorker(
      class extends Worker {
        constructor(...args: ConstructorParameters<typeof Worker>) {
          super(...args);
          this.once("exit", (code) => exits.push(code));
        }
      },
    );
    const session = await open(4);
    expect(heapOf(tf.backend()).threads).toBe(4);
    expect(exits).toEqual([]);
    await session.dispose();
    expect(await until(() => exits.length === 3)).toBe(true);
    expect(heapOf(tf.backend()).threads).toBe(1);
  });
});

describe("without threads", () => {
  it("throws for a wrong number", () => {
    for (const threads of [0, 2.5, 1000, "all"])
      expect(() => wasmBackend({ threads } as never)).toThrow(/threads.*integer.*auto/s);
  });

  it("warns once and computes if a worker does not start", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    withWorker(
      class extends Worker {
        constructor() {
          super("throw new Error('no thread for you')", { eval: true });
        }
      },
    );
    const session = await open(3);
    expect(session.capabilities.description).toContain("1 thread");
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/one thread computes, not 3:.*no thread for you/)]]);
    expect(run(matMul).length).toBe(4 * 131 * 203);
  });

  it("warns once and continues if a worker is lost", async () => {
    alwaysOpen();
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const workers: Worker[] = [];
    withWorker(
      class extends Worker {
        constructor(...args: ConstructorParameters<typeof Worker>) {
          super(...args);
          workers.push(this);
        }
      },
    );
    await open(3);
    const expected = run(matMul);
    const heap = heapOf(tf.backend());
    expect(heap.threads).toBe(3);
    void workers[0]?.terminate();
    // Both before and after the main thread knows of the loss.
    expect(run(matMul).equals(expected)).toBe(true);
    expect(await until(() => heap.threads === 1)).toBe(true);
    expect(run(matMul).equals(expected)).toBe(true);
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/one thread computes, not 3: a worker was lost/)]]);
  });

  it("warns once if tfjs's backend runs already on a heap of its own", async () => {
    const factory = tf.findBackendFactory("wasm");
    tf.removeBackend("wasm");
    tf.registerBackend("wasm", factory);
    await tf.setBackend("wasm");
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const session = await open(2);
    expect(session.capabilities.description).toContain("1 thread");
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/ran already.*Open the session before/)]]);
  });
});

describe("a process with threads", () => {
  const program = join(import.meta.dirname, "pool-process.ts");
  it.each([
    ["ends when it has finished", "idle", 0],
    ["ends in the middle of a run", "exit", 3],
    ["ends after an uncaught error", "error", 1],
  ])("%s", async (_, mode, code) => {
    const began = performance.now();
    const outcome = await promisify(execFile)(process.execPath, ["--import", "tsx", program, mode], {
      timeout: 60_000,
      killSignal: "SIGKILL",
      cwd: join(import.meta.dirname, ".."),
    }).catch((error) => error);
    expect(outcome.stdout, outcome.stderr).toContain("2 threads");
    expect(outcome.code ?? 0, `${performance.now() - began} ms`).toBe(code);
    if (mode === "error") expect(outcome.stderr).toContain("thrown in the middle");
  });
});

/** Replaces Node's Worker for the next session. */
function withWorker(Replacement: typeof Worker | (new () => Worker)): void {
  const stock = process.getBuiltinModule;
  vi.spyOn(process, "getBuiltinModule").mockImplementation(((name: string) =>
    name === "node:worker_threads" ? { Worker: Replacement } : stock(name)) as typeof stock);
}

/** Returns the weights of a large matrix after three steps, as bytes. */
function weightsAfterSteps(rule: AnyRule): Buffer {
  const shape = [701, 903];
  const normal = (seed: number): tf.Tensor => tf.randomNormal(shape, 0, 1, "float32", seed);
  const variable = tf.tidy(() => tf.variable(normal(3)));
  const name = "dense/kernel";
  const params = [{ variable, name, layer: "dense", role: "kernel", shape, unitAxes: [1] }];
  const optimizer = new HookedOptimizer({ params, rule, learningRate: 0.01 });
  for (let step = 0; step < 3; step++) {
    const gradient = normal(4 + step);
    optimizer.applyNamed({ [name]: gradient });
    gradient.dispose();
  }
  const weights = Buffer.from((variable.dataSync() as Float32Array).slice().buffer);
  optimizer.dispose();
  variable.dispose();
  return weights;
}

/** Returns the losses of four steps of a net with convolutions, batch norm, a depthwise layer, a bias and a large dense layer. */
async function losses(): Promise<number[]> {
  const seeded = (seed: number): { kernelInitializer: ReturnType<typeof tfl.initializers.heNormal> } => ({
    kernelInitializer: tfl.initializers.heNormal({ seed }),
  });
  const model = tfl.sequential({
    layers: [
      tfl.layers.conv2d({ inputShape: [32, 32, 8], filters: 32, kernelSize: 3, activation: "relu", ...seeded(1) }),
      tfl.layers.batchNormalization(),
      tfl.layers.depthwiseConv2d({ kernelSize: 3, depthwiseInitializer: tfl.initializers.heNormal({ seed: 2 }) }),
      tfl.layers.conv2d({ filters: 64, kernelSize: 3, strides: 2, useBias: false, ...seeded(3) }),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: 4, ...seeded(4) }),
    ],
  });
  const optimizer = new HookedOptimizer({
    params: namedParams(model),
    learningRate: 1e-3,
    rule: sgd({ momentum: 0.9 }),
  });
  model.compile({ optimizer: optimizer as tf.Optimizer, loss: "meanSquaredError" });
  const x = tf.randomNormal([8, 32, 32, 8], 0, 1, "float32", 5);
  const y = tf.randomNormal([8, 4], 0, 1, "float32", 6);
  const result: number[] = [];
  for (let step = 0; step < 4; step++) result.push(Number(await model.trainOnBatch(x, y)));
  tf.dispose([x, y]);
  model.dispose();
  optimizer.dispose();
  return result;
}
