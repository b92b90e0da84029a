import "@tensorflow/tfjs-backend-cpu";
import { inPlaceKernels, replaceKernels, tensorKernels } from "@graftjs/backend";
import { runFused } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";

const tensor = tf.scalar(1);

it("passes context and attributes to kernels that write in place", async () => {
  await tf.setBackend("cpu");
  const calls: unknown[] = [];
  const kernels = inPlaceKernels(
    { GraftGlobalNorm: (context: unknown, { tensors }) => void calls.push(context, tensors) },
    (backend) => (backend === tf.backend() ? "context" : "another backend"),
  );
  const registration = replaceKernels("cpu", kernels);
  expect(runFused("GraftGlobalNorm", { tensors: [tensor], out: tensor })).toBe(true);
  expect(calls).toEqual(["context", [tensor]]);
  registration.dispose();
  expect(runFused("GraftGlobalNorm", { tensors: [tensor], out: tensor })).toBe(false);
});

it("passes context, inputs and attributes to kernels that return tensors", async () => {
  await tf.setBackend("cpu");
  const kernels = tensorKernels(
    {
      GraftActivationGrad: (context: string, { dy }, { wantSum }) => (context === "context" && wantSum ? [dy, dy] : []),
    },
    () => "context",
  );
  const registration = replaceKernels("cpu", kernels);
  const inputs = { dy: tf.clone(tensor), y: tensor };
  const out = tf.engine().runKernel("GraftActivationGrad", inputs, { activation: "relu", wantSum: true });
  expect(out).toHaveLength(2);
  registration.dispose();
});
