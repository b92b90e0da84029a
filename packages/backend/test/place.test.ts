import "@tensorflow/tfjs-backend-cpu";
import { inTurn, takePlace } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, expect, it } from "vitest";
import { FakeBackend } from "./fake-backend.ts";

beforeEach(() => tf.setBackend("cpu"));

it("makes a backend current, and restores the former registration and backend", async () => {
  const stock = new FakeBackend();
  tf.registerBackend("fake", () => stock, 1);
  const backend = new FakeBackend();
  const place = await takePlace("fake", backend, 5);
  expect(tf.backend()).toBe(backend);
  await place?.leave();
  expect(backend.disposed).toBe(true);
  expect(tf.getBackend()).toBe("cpu");
  expect(tf.engine().registryFactory.fake).toMatchObject({ priority: 1 });
  tf.removeBackend("fake");
});

it("keeps a registration that someone else has made meanwhile", async () => {
  const place = await takePlace("fake", new FakeBackend(), 5);
  tf.removeBackend("fake");
  const other = new FakeBackend();
  tf.registerBackend("fake", () => other, 2);
  await place?.leave();
  expect(tf.engine().registryFactory.fake).toMatchObject({ priority: 2 });
  expect(other.disposed).toBe(false);
  tf.removeBackend("fake");
});

it("restores the registry if a kernel's set-up fails, and throws its error", async () => {
  const setupFunc = (): never => {
    throw new Error("not with me");
  };
  tf.registerKernel({ kernelName: "Refusing", backendName: "fake", kernelFunc: () => [], setupFunc });
  await expect(takePlace("fake", new FakeBackend(), 5)).rejects.toThrow("not with me");
  tf.unregisterKernel("Refusing", "fake");
  expect(tf.getBackend()).toBe("cpu");
  expect("fake" in tf.engine().registryFactory).toBe(false);
});

it("opens one after the other, even if the first one fails", async () => {
  const order: string[] = [];
  const open = (name: string, fails = false) =>
    inTurn(async () => {
      order.push(`${name} starts`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      order.push(`${name} ends`);
      if (fails) throw new Error(name);
    });
  const results = await Promise.allSettled([open("a", true), open("b")]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  expect(order).toEqual(["a starts", "a ends", "b starts", "b ends"]);
});
