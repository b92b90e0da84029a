import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BackendAdapter } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { nativeBackend } from "@graftjs/backend-node";
import { expect, it } from "vitest";
import { diagnose } from "../src/doctor/diagnose.ts";
import { formatDiagnoses } from "../src/doctor/format.ts";

const empty = mkdtempSync(join(tmpdir(), "graft-doctor-"));
const session = {
  name: "cpu",
  capabilities: { missingKernels: [], floatBits: 32, syncRead: true },
  dispose: async () => {},
} as const;
const cpu: BackendAdapter = {
  name: "cpu",
  device: "cpu",
  probe: async () => ({ ok: true, capabilities: session.capabilities }),
  init: async () => {
    await tf.setBackend("cpu");
    return session;
  },
};

it("says of each backend whether it trains, why not, and what mends it; nothing is left behind", async () => {
  await tf.setBackend("cpu");
  const before = tf.memory().numTensors;
  const absent = nativeBackend({ cacheDir: empty, projectDir: empty });
  const broken: BackendAdapter = { ...cpu, name: "broken", init: () => Promise.reject(new Error("the card fell out")) };
  const [good, native, third] = await diagnose([cpu, absent, broken]);
  expect(good).toMatchObject({ name: "cpu", ok: true, missingKernels: [] });
  expect(good?.gradients).toHaveLength(10);
  expect(good?.gradients.every(({ ok, error }) => ok && error === 0)).toBe(true);
  expect(native).toMatchObject({
    name: "node",
    ok: false,
    fix: `graft install-native --cache ${empty}`,
    gradients: [],
  });
  expect(third).toMatchObject({ ok: false, reason: "the card fell out" });
  expect(tf.memory().numTensors).toBe(before);
  expect(tf.getBackend()).toBe("cpu");
  expect(formatDiagnoses([good, native] as never)).toMatch(
    /ok {2}cpu.*10 of 10 gradients right[\s\S]*-- {2}node[\s\S]*to mend it: graft install-native/,
  );
});

it("finds a wrong gradient by name", async () => {
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
  const [diagnosis] = await diagnose([wrong]);
  expect(diagnosis).toMatchObject({ ok: false });
  expect(diagnosis?.reason).toMatch(/wrong gradients: maxPool \(off by 1/);
});
