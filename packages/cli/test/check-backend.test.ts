import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BackendAdapter } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { nativeBackend } from "@graftjs/backend-node";
import { expect, it } from "vitest";
import { checkBackend } from "../src/doctor/check-backend.ts";
import { formatReports } from "../src/doctor/format.ts";
import { type Report, runCheck } from "../src/doctor/run-check.ts";

const empty = mkdtempSync(join(tmpdir(), "graft-doctor-"));
const session = {
  name: "cpu",
  capabilities: { missingKernels: [], floatBits: 32, syncRead: true },
  dispose: async () => {},
} as const;
const cpu: BackendAdapter = {
  name: "cpu",
  device: "cpu",
  availability: async () => ({ ok: true, capabilities: session.capabilities }),
  init: async () => {
    await tf.setBackend("cpu");
    return session;
  },
};

/** Checks a backend as the doctor does. */
function report(adapter: BackendAdapter): Promise<Report> {
  const { name } = adapter;
  return runCheck(name, { name, run: () => checkBackend(adapter) }, { cwd: empty, cacheDir: undefined });
}

it("reports whether a backend trains, or the problem and its fix, and leaves nothing behind", async () => {
  await tf.setBackend("cpu");
  const before = tf.memory().numTensors;
  const absent = nativeBackend({ cacheDir: empty, projectDir: empty });
  const broken: BackendAdapter = { ...cpu, name: "broken", init: () => Promise.reject(new Error("the card fell out")) };
  const good = await report(cpu);
  const native = await report(absent);
  expect(good).toMatchObject({ name: "cpu", ok: true, missingKernels: [] });
  const { gradients } = await checkBackend(cpu);
  expect(gradients).toHaveLength(10);
  expect(gradients.every(({ ok, error }) => ok && error === 0)).toBe(true);
  expect(native).toMatchObject({
    name: "node",
    ok: false,
    fix: `graft install-native --cache ${empty}`,
    gradients: [],
  });
  expect(await report(broken)).toMatchObject({ ok: false, reason: "the card fell out" });
  expect(tf.memory().numTensors).toBe(before);
  expect(tf.getBackend()).toBe("cpu");
  expect(formatReports([good, native])).toMatch(
    /ok {2}cpu.*10 of 10 gradients correct[\s\S]*-- {2}node[\s\S]*To fix it: graft install-native/,
  );
});

it("names a wrong gradient", async () => {
  const wrong: BackendAdapter = {
    ...cpu,
    init: async () => {
      tf.unregisterKernel("MaxPoolGrad", "cpu");
      tf.registerKernel({
        kernelName: "MaxPoolGrad",
        backendName: "cpu",
        kernelFunc: ({ inputs }) => tf.zerosLike(inputs.input as tf.Tensor),
      });
      return session;
    },
  };
  const { ok, reason } = await checkBackend(wrong);
  expect(ok).toBe(false);
  expect(reason).toMatch(/wrong gradients: maxPool \(off by 1/);
});
