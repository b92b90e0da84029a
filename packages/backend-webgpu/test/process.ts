// A process that computes on WebGPU, disposes the session, and must end by itself. Without a device it prints the reason and keeps cpu.
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { webgpuBackend } from "../src/node.ts";

await tf.setBackend("cpu");
const adapter = webgpuBackend({ allowSoftware: true });
const probe = await adapter.availability();
if (probe.ok) {
  const session = await adapter.init();
  const [value] = await tf.square([4]).data();
  await session.dispose();
  console.log(value, "after dispose", tf.engine().backendName);
} else {
  const before = tf.getBackend();
  console.log(probe.reason, "|", probe.fix, "|", before);
}
