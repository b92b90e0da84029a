// Opens the first backend that can do the job, and says why the others were skipped.
import "@tensorflow/tfjs-backend-cpu";
import { cpuBackend, openBackend, recordKernels, runOnBackends } from "@graftjs/backend";
import { type BackendAdapter, BackendLostError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

/** A backend that is not available on this machine. */
const gpu: BackendAdapter = {
  name: "gpu",
  device: "gpu",
  availability: async () => ({ ok: false, reason: "no GPU was found", fix: "run this on a machine with a GPU" }),
  init: () => Promise.reject(new Error("no GPU was found")),
};

const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [3], activation: "softmax" })] });
await tf.setBackend("cpu");
const kernels = await recordKernels(() => (model.predict(tf.ones([1, 3])) as tf.Tensor).dispose());
console.log(`This model calls ${kernels.join(", ")}.`);

const session = await openBackend([gpu, cpuBackend()], { kernels });
console.log(`Opened ${session.name}. Skipped: ${session.passedOver?.join("; ")}.`);
await session.dispose();

// A device that is lost in the middle of a run: the run continues on the next backend.
const cpu = cpuBackend();
const flaky: BackendAdapter = {
  ...cpu,
  name: "flaky",
  init: async () => ({ ...(await cpu.init()), name: "flaky" }),
};
const result = await runOnBackends([flaky, cpuBackend()], async ({ name }, lost) => {
  console.log(lost ? `Continuing after: ${lost.message.split("\n")[0]}` : `Running on ${name}.`);
  if (!lost) throw new BackendLostError("The device was lost.", "Continue from the last checkpoint.");
  return tf.tidy(() => tf.sum(tf.ones([10])).dataSync()[0]);
});
console.log(`Result ${result}.`);
