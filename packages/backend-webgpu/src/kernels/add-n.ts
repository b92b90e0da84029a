import * as tf from "@tensorflow/tfjs-core";
import { internals } from "../device/internals.ts";
import type { Wrapped } from "../register.ts";

/**
 * Sum of many tensors: stock WebGPU binds them all in one shader, and beyond the device's limit of buffers (8 by default)
 * gives zeros and an error that nobody sees. Here at most that many are summed at a time.
 */
export const addN: Wrapped = (stock) => (args) => {
  const sum = (stock as tf.KernelConfig).kernelFunc;
  const { device } = internals(args.backend as never);
  const most = device.limits.maxStorageBuffersPerShaderStage - 1;
  const inputs = args.inputs as unknown as readonly tf.Tensor[];
  if (inputs.length <= most) return sum(args);
  return tf.tidy(() => {
    const parts = Array.from({ length: Math.ceil(inputs.length / most) }, (_, i) =>
      tf.addN(inputs.slice(i * most, (i + 1) * most)),
    );
    return tf.addN(parts);
  });
};
