import {
  type Availability,
  type BackendAdapter,
  BackendError,
  type BackendSession,
  type Capabilities,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { broadcastFixes } from "./broadcast-fixes.ts";
import { replaceKernels } from "./replace-kernels.ts";

const capabilities: Capabilities = {
  missingKernels: [],
  floatBits: 32,
  syncRead: true,
  description: "plain JavaScript, one thread",
};

/**
 * Returns an adapter for tfjs's own cpu backend, the last resort of a list: it trains everything, but slowly. It is available if the
 * app has imported `@tensorflow/tfjs-backend-cpu`. While it is open, kernels that tfjs computes wrongly are replaced: batch norm over
 * another axis than the last, and products of matrices whose batches repeat within each other.
 */
export function cpuBackend(): BackendAdapter {
  const registered = (): boolean => "cpu" in tf.engine().registryFactory;
  const fix = 'Add: import "@tensorflow/tfjs-backend-cpu".';
  return {
    name: "cpu",
    device: "cpu",
    async availability(): Promise<Availability> {
      return registered() ? { ok: true, capabilities } : { ok: false, reason: "tfjs's cpu backend is not loaded", fix };
    },
    async init(): Promise<BackendSession> {
      if (!registered() || !(await tf.setBackend("cpu"))) {
        throw new BackendError("tfjs's cpu backend is not loaded.", fix);
      }
      const fixed = Object.entries(broadcastFixes).flatMap(([name, fix]) => {
        const stock = tf.getKernel(name, "cpu")?.kernelFunc;
        return stock ? [[name, fix(stock)] as const] : [];
      });
      const registration = replaceKernels("cpu", Object.fromEntries(fixed));
      return { name: "cpu", capabilities, dispose: async () => registration.dispose() };
    },
  };
}
