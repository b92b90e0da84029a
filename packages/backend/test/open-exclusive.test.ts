import "@tensorflow/tfjs-backend-cpu";
import { type Opened, type Opening, openExclusive } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, expect, it } from "vitest";
import { FakeBackend } from "./fake-backend.ts";

beforeEach(() => tf.setBackend("cpu"));

const log: string[] = [];
function open(changes: Partial<Opening<FakeBackend>> = {}): Promise<Opened<FakeBackend>> {
  log.length = 0;
  return openExclusive<FakeBackend>({
    name: "fake",
    label: "Fake",
    priority: 1,
    async create(undo) {
      undo.add(() => log.push("device closed"));
      return new FakeBackend();
    },
    kernels: () => ({ Ours: () => [] }),
    close: ({ watch }) => {
      watch.closing();
      log.push("close");
    },
    ...changes,
  });
}
const isClean = (): boolean =>
  tf.getBackend() === "cpu" && !("fake" in tf.engine().registryFactory) && tf.getKernel("Ours", "fake") === undefined;

it("opens a backend with its kernels, and takes everything back once", async () => {
  const { backend, dispose } = await open();
  expect(tf.backend()).toBe(backend);
  expect(tf.getKernel("Ours", "fake")).toBeDefined();
  expect(dispose()).toBe(dispose());
  await dispose();
  expect(log).toEqual(["close", "device closed"]);
  expect(isClean()).toBe(true);
});

it("refuses a second session until the first is disposed", async () => {
  const { dispose } = await open();
  await expect(open()).rejects.toThrow(/A Fake session is open already[\s\S]*dispose it first/);
  await dispose();
  await (await open()).dispose();
});

it("refuses to replace a running stock backend", async () => {
  class Stock extends tf.KernelBackend {
    override dispose(): void {}
  }
  tf.registerBackend("fake", () => new Stock());
  await tf.setBackend("fake");
  await expect(open()).rejects.toThrow(/stock Fake backend is running already[\s\S]*tf\.removeBackend\("fake"\)/);
  tf.removeBackend("fake");
});

it("ends a lost session before it opens the next one", async () => {
  const lost = await open();
  lost.backend.lose();
  const next = await open();
  expect(lost.backend.disposed).toBe(true);
  expect(tf.backend()).toBe(next.backend);
  await lost.dispose();
  expect(tf.backend()).toBe(next.backend);
  await next.dispose();
  expect(isClean()).toBe(true);
});

it("takes everything back if kernels cannot be registered", async () => {
  const kernels = (): never => {
    throw new Error("no kernels");
  };
  await expect(open({ kernels })).rejects.toThrow("no kernels");
  expect(log).toEqual(["device closed"]);
  expect(isClean()).toBe(true);
});

it("takes everything back if closing fails, and throws that error", async () => {
  const { dispose } = await open({ close: () => Promise.reject(new Error("device reported an error")) });
  await expect(dispose()).rejects.toThrow("device reported an error");
  expect(log).toEqual(["device closed"]);
  expect(isClean()).toBe(true);
});
