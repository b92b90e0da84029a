import "@tensorflow/tfjs-backend-cpu";
import { MessageChannel, Worker } from "node:worker_threads";
import { sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { applyDelta, fineTune, fineTuneInWorker, serveFineTune, type WorkerPort } from "../src/index.ts";
import { mlp } from "./nets.ts";
import { examples, weightsOf } from "./support.ts";

const options = (epochs: number) =>
  ({
    data: examples([4]),
    loss: "categoricalCrossentropy",
    trainable: "head",
    rule: sgd(),
    learningRate: 0.1,
    epochs,
  }) as const;

it("runs behind a port: events arrive, the delta gives the page the same model, stop and errors are passed on", async () => {
  await tf.setBackend("cpu");
  const run = (job: unknown, more: Parameters<typeof fineTuneInWorker>[2] = {}) => {
    const { port1, port2 } = new MessageChannel();
    serveFineTune(port2 as unknown as WorkerPort, async (epochs) => ({
      model: mlp(),
      options: options(epochs as number),
    }));
    return { ...fineTuneInWorker(port1 as unknown as WorkerPort, job, more), close: () => port1.close() };
  };
  const seen: string[] = [];
  const observer = {
    runStart: ({ params }: { params: readonly { name: string }[] }) =>
      void seen.push(...params.map(({ name }) => name)),
    epochEnd: ({ epoch }: { epoch: number }) => void seen.push(`epoch ${epoch}`),
    runEnd: () => void seen.push("end"),
  };
  const first = run(3, { observers: [observer] });
  const { delta, history, steps } = await first.result;
  first.close();
  expect(seen).toEqual(["head/kernel", "head/bias", "epoch 0", "epoch 1", "epoch 2", "end"]);
  const [page, here] = [mlp(), mlp()];
  applyDelta(page, delta);
  const own = await fineTune(here, options(3));
  own.restore();
  expect(weightsOf(page)).toEqual(weightsOf(here));
  expect(history).toEqual(own.history);
  expect(steps).toBe(3);
  const failing = run(0);
  await expect(failing.result).rejects.toThrow(/OptionsError[\s\S]*epochs/);
  failing.close();
  const aborter = new AbortController();
  const aborted = run(100_000, { signal: aborter.signal, observers: [{ stepEnd: () => aborter.abort() }] });
  await expect(aborted.result).rejects.toThrow(/abort/i);
  aborted.close();
  const stopping = run(100_000, { observers: [{ stepEnd: () => stopping.stop() }] });
  expect((await stopping.result).stopped).toBe("stopped");
  stopping.close();
});

describe("a port", () => {
  const open: { close(): void }[] = [];
  let built = 0;
  beforeEach(() => tf.setBackend("cpu"));
  afterEach(() => {
    for (const port of open.splice(0)) port.close();
  });
  const served = (): WorkerPort => {
    const { port1, port2 } = new MessageChannel();
    open.push(port1);
    serveFineTune(port2 as unknown as WorkerPort, async (epochs) => {
      built++;
      return { model: mlp(), options: options(epochs as number) };
    });
    return port1 as unknown as WorkerPort;
  };

  it("accepts runs one after the other and at the same time, each with its own control, events and end", async () => {
    const port = served();
    const stopping = fineTuneInWorker(port, 100_000, { observers: [{ stepEnd: () => stopping.stop() }] });
    expect((await stopping.result).stopped).toBe("stopped");
    const seen: number[][] = [[], []];
    const watch = (k: number) => ({ epochEnd: ({ epoch }: { epoch: number }) => void seen[k]?.push(epoch) });
    const runs = [4, 2].map((epochs, k) => fineTuneInWorker(port, epochs, { observers: [watch(k)] }));
    stopping.stop();
    const results = await Promise.all(runs.map(({ result }) => result));
    expect(results.map(({ steps, stopped }) => [steps, stopped])).toEqual([
      [4, undefined],
      [2, undefined],
    ]);
    expect(seen).toEqual([
      [0, 1, 2, 3],
      [0, 1],
    ]);
  });

  it("gets no message if the signal is already aborted", async () => {
    built = 0;
    const { result } = fineTuneInWorker(served(), 2, { signal: AbortSignal.abort(new Error("never mind")) });
    await expect(result).rejects.toThrow("never mind");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(built).toBe(0);
  });

  it("rejects `result` with an observer's error and ends the run; at the end it is only a warning", async () => {
    const port = served();
    const failing = { stepEnd: () => Promise.reject(new Error("the chart is gone")) };
    await expect(fineTuneInWorker(port, 100_000, { observers: [failing] }).result).rejects.toThrow("the chart is gone");
    const throwing = {
      runStart: () => {
        throw new Error("no chart at all");
      },
    };
    await expect(fineTuneInWorker(port, 100_000, { observers: [throwing] }).result).rejects.toThrow("no chart at all");
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const last = { name: "last", runEnd: () => Promise.reject(new Error("too late")) };
    expect((await fineTuneInWorker(port, 2, { observers: [last] }).result).steps).toBe(2);
    expect(warn.mock.calls.flat()).toEqual([expect.stringMatching(/`last` failed at the end of the run: .*too late/)]);
    warn.mockRestore();
  });

  it("rejects `result` if it is closed, or if the worker throws or exits", async () => {
    const port = served();
    const run = fineTuneInWorker(port, 100_000, { observers: [{ stepEnd: () => open[0]?.close() }] });
    await expect(run.result).rejects.toThrow(/worker was lost[\s\S]*closed/);
    const worker = (code: string) => new Worker(code, { eval: true }) as unknown as WorkerPort;
    const throwing = fineTuneInWorker(worker('setTimeout(() => { throw new Error("out of memory") }, 5)'), 1);
    await expect(throwing.result).rejects.toThrow(/worker was lost[\s\S]*out of memory/);
    const leaving = fineTuneInWorker(worker("setTimeout(() => process.exit(3), 5)"), 1);
    await expect(leaving.result).rejects.toThrow(/exit code 3/);
  });

  it("of a page reports its worker's errors, and has no listeners after a run", async () => {
    const listeners = new Map<string, Set<(event: object) => void>>();
    const worker: WorkerPort = {
      postMessage: () => {},
      addEventListener: (type, listener) => void listeners.set(type, (listeners.get(type) ?? new Set()).add(listener)),
      removeEventListener: (type, listener) => void listeners.get(type)?.delete(listener),
    };
    const { result } = fineTuneInWorker(worker, 1);
    for (const listener of listeners.get("error") ?? []) listener({ type: "error", message: "Script error." });
    await expect(result).rejects.toThrow(/worker was lost[\s\S]*Script error/);
    expect([...listeners.values()].map(({ size }) => size)).toEqual([0, 0, 0, 0, 0]);
  });
});
