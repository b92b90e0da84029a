import { loadPeer, messageOf, UnavailableError, unavailable } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { FakeBackend } from "./fake-backend.ts";

const fake = { name: "fake", label: "Fake" };
const register = (): boolean => tf.registerBackend("fake", () => new FakeBackend());

it("removes the stock backend that a peer registers", async () => {
  expect(await loadPeer(fake, async () => register())).toBe(true);
  expect("fake" in tf.engine().registryFactory).toBe(false);
});

it("keeps a stock backend that the app had registered before", async () => {
  register();
  await loadPeer(fake, async () => {});
  expect("fake" in tf.engine().registryFactory).toBe(true);
  tf.removeBackend("fake");
});

it("answers with the reason and the fix if the peer cannot be imported", async () => {
  const cause = new Error("not found");
  const error = await loadPeer(fake, () => Promise.reject(cause)).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(UnavailableError);
  expect(error).toMatchObject({ message: expect.stringMatching(/^Fake: @tensorflow\/tfjs-backend-fake/), cause });
  expect(unavailable(error)).toEqual({
    ok: false,
    reason: "@tensorflow/tfjs-backend-fake cannot be loaded: not found",
    fix: "Install it: pnpm add @tensorflow/tfjs-backend-fake",
  });
});

it.each([
  [new Error("an error"), "an error"],
  [{ message: "like an error" }, "like an error"],
  ["a string", "a string"],
  [undefined, "undefined"],
])("reads the message of %o", (thrown, message) => {
  expect(messageOf(thrown)).toBe(message);
  expect(unavailable(thrown)).toEqual({ ok: false, reason: message });
});
