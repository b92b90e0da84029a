import { type BackendAdapter, BackendError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { backendAdapterChecks } from "../src/index.ts";
import { failing } from "./failing.ts";

const wasm = (parts: Partial<BackendAdapter> = {}, missingKernels: readonly string[] = []): BackendAdapter => {
  const capabilities = { missingKernels, floatBits: 32, syncRead: true } as const;
  return {
    name: "wasm",
    device: "cpu",
    availability: async () => ({ ok: true, capabilities }),
    async init() {
      if (!(await tf.setBackend("wasm"))) throw new BackendError("wasm does not start.", "Install it.");
      return { name: "wasm", capabilities, dispose: async () => {} };
    },
    ...parts,
  };
};
/** One broken adapter per check, by the name of the check. */
const backends: { readonly [check: string]: () => BackendAdapter } = {
  "probe() answers, and keeps the current backend": () =>
    wasm({
      async availability() {
        await tf.setBackend("wasm");
        return { ok: false, reason: "" };
      },
    }),
  "init() makes the backend current, and dispose() frees its tensors": () =>
    wasm({ init: async () => ({ ...(await wasm().init()), name: "other" }) }),
  "lists only kernels as missing that its backend lacks": () => wasm({}, ["MatMul", "Add"]),
};
for (const [name, make] of Object.entries(backends)) {
  it(`an adapter that breaks "${name}" fails this check only`, async () => {
    expect(await failing(backendAdapterChecks(make))).toEqual([name]);
  });
}
it("a backend that computes wrong values fails the check of gradients", async () => {
  const stock = tf.getKernel("Tanh", "wasm");
  tf.unregisterKernel("Tanh", "wasm");
  tf.registerKernel({
    kernelName: "Tanh",
    backendName: "wasm",
    kernelFunc: (tf.getKernel("Relu", "wasm") as tf.KernelConfig).kernelFunc,
  });
  try {
    expect(await failing(backendAdapterChecks(() => wasm()))).toEqual([
      "agrees with cpu on the gradients of a small net",
    ]);
  } finally {
    tf.unregisterKernel("Tanh", "wasm");
    tf.registerKernel(stock as tf.KernelConfig);
  }
});
