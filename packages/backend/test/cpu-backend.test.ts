import { cpuBackend, openBackend, plugins } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";

it("says which import is missing, and opens the backend once it is there", async () => {
  expect(await cpuBackend().availability()).toMatchObject({
    ok: false,
    fix: expect.stringContaining("tfjs-backend-cpu"),
  });
  await expect(openBackend([cpuBackend()])).rejects.toThrow(/cpu: tfjs's cpu backend is not loaded/);
  await import("@tensorflow/tfjs-backend-cpu");
  const session = await openBackend([cpuBackend()]);
  expect(session.name).toBe("cpu");
  expect(tf.getBackend()).toBe("cpu");
  await session.dispose();
});

it("is the backend that recipes call cpu", () => {
  expect(plugins.some(({ kind, name }) => kind === "backend" && name === "cpu")).toBe(true);
});

it("lists in the session why the backends before it could not do the job", async () => {
  const absent = {
    name: "absent",
    device: "gpu" as const,
    availability: async () => ({ ok: false as const, reason: "no card", fix: "buy one" }),
    init: async () => Promise.reject(new Error("never asked")),
  };
  const broken = { ...cpuBackend(), name: "broken", init: async () => Promise.reject(new Error("fell out")) };
  const session = await openBackend([absent, broken, cpuBackend()]);
  expect(session.name).toBe("cpu");
  expect(session.passedOver).toEqual(["absent: no card (buy one)", "broken: fell out"]);
});
