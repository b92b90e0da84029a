import "@tensorflow/tfjs-backend-cpu";
import { BackendError, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { IDBFactory, IDBObjectStore } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fineTune, indexedDbStore } from "../src/index.ts";
import { mlp } from "./nets.ts";
import { examples, weightsOf } from "./support.ts";

let factory: IDBFactory;
beforeEach(async () => {
  await tf.setBackend("cpu");
  factory = new IDBFactory();
});

const store = (name = "run") => indexedDbStore(name, () => factory as unknown as globalThis.IDBFactory);
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** Makes a fake of the browser's Web Locks API (W3C, `ifAvailable` requests of exclusive locks). */
function fakeLocks() {
  const held = new Set<string>();
  return {
    held,
    async request(name: string, _options: object, work: (lock: object | null) => Promise<void> | undefined) {
      // The browser calls back later, also if the lock is free.
      await Promise.resolve();
      if (held.has(name)) return work(null);
      held.add(name);
      try {
        await work({ name });
      } finally {
        held.delete(name);
      }
    },
  };
}

describe("the lock of a store in a browser", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("is refused to a second run by name, and released when the first one ends", async () => {
    const locks = fakeLocks();
    vi.stubGlobal("navigator", { locks });
    const [first, second, other] = [store(), store(), store("other")];
    const release = await first.lock?.();
    await expect(second.lock?.()).rejects.toThrow("indexeddb:run is in use by another run");
    await (await other.lock?.())?.();
    expect([...locks.held]).toEqual(["graft:indexeddb:run"]);
    await release?.();
    expect([...locks.held]).toEqual([]);
    await (await second.lock?.())?.();
  });

  it("goes to one of several runs that start together", async () => {
    vi.stubGlobal("navigator", { locks: fakeLocks() });
    const tries = await Promise.allSettled(Array.from({ length: 4 }, () => store().lock?.()));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("is not taken if the browser has no locks or refuses them; the first is said, the second an error", async () => {
    vi.stubGlobal("navigator", {});
    expect(await store().lock?.()).toBeUndefined();
    const denied = async () => Promise.reject(new DOMException("The request was denied.", "SecurityError"));
    vi.stubGlobal("navigator", { locks: { request: denied } });
    await expect(store().lock?.()).rejects.toThrow("denied");
  });
});

describe("indexedDbStore", () => {
  it("stores files by name, in one database per store name, across instances", async () => {
    const first = store();
    expect(await first.list()).toEqual([]);
    expect(await first.read("a")).toBeUndefined();
    await first.write("a", bytes(1, 2, 3, 4).subarray(1, 3));
    await first.write("b", bytes(9));
    await first.write("a", bytes(5, 6));
    const again = store();
    expect((await again.list()).toSorted()).toEqual(["a", "b"]);
    expect(await again.read("a")).toEqual(bytes(5, 6));
    await again.remove("a");
    await again.remove("never there");
    expect(await first.list()).toEqual(["b"]);
    expect(await store("other").list()).toEqual([]);
    expect(first.where).toBe("indexeddb:run");
  });

  it("keeps the old file if a write is aborted: quota, a closed tab", async () => {
    const files = store();
    await files.write("a", bytes(1));
    const { put } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function (...given) {
      const request = put.apply(this, given);
      this.transaction.abort();
      return request;
    };
    await expect(files.write("a", bytes(2))).rejects.toThrow();
    IDBObjectStore.prototype.put = put;
    expect(await files.read("a")).toEqual(bytes(1));
    await files.write("a", bytes(3));
    expect(await store().read("a")).toEqual(bytes(3));
  });

  it("throws a BackendError if IndexedDB is not available", async () => {
    await expect(indexedDbStore("run").list()).rejects.toThrow(BackendError);
  });

  it("resumes a run bit-identical, keeps two checkpoints, and a failing store does not end the training", async () => {
    const run = async (more: { maxSteps?: number; to?: ReturnType<typeof store> } = {}) => {
      const model = mlp();
      const { to = store(), ...rest } = more;
      const result = await fineTune(model, {
        data: examples([4]),
        loss: "categoricalCrossentropy",
        trainable: "head",
        rule: sgd({ momentum: 0.9 }),
        learningRate: 0.1,
        epochs: 2,
        batchSize: 6,
        checkpoint: { to, everySteps: 1, resume: true },
        ...rest,
      });
      result.restore();
      return { weights: weightsOf(model), steps: result.steps, warnings: result.warnings };
    };
    const expected = await run({ to: store("whole") });
    await run({ maxSteps: 3 });
    expect(await store().list()).toHaveLength(2);
    expect(await run()).toMatchObject({ weights: expected.weights, steps: expected.steps });
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const failing = { ...store("full"), write: () => Promise.reject(new DOMException("full", "QuotaExceededError")) };
    const survived = await run({ to: failing });
    warn.mockRestore();
    expect(survived).toMatchObject({ weights: expected.weights, steps: expected.steps });
    expect(survived.warnings[0]).toContain("full");
  });
});
