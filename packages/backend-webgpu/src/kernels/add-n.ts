import * as tf from "@tensorflow/tfjs-core";
import { internals } from "../device/internals.ts";

/**
 * Makes a kernel that sums many tensors. Stock WebGPU binds all of them in one shader. Beyond the device's limit of buffers
 * (8 by default) it returns zeros and reports an error that nobody sees. This kernel sums at most that many tensors at a time.
 */
export function addN(stock: tf.KernelFunc): tf.KernelFunc {
  return (args) => {
    const { device } = internals(args.backend as never);
    const most = device.limits.maxStorageBuffersPerShaderStage - 1;
    const inputs = args.inputs as unknown as readonly tf.Tensor[];
    if (inputs.length <= most) return stock(args);
    return tf.tidy(() => {
      const parts = Array.from({ length: Math.ceil(inputs.length / most) }, (_, i) =>
        tf.addN(inputs.slice(i * most, (i + 1) * most)),
      );
      return tf.addN(parts);
    });
  };
}
