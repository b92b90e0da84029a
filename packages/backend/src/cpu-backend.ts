import {
  type Availability,
  type BackendAdapter,
  BackendError,
  type BackendSession,
  type Capabilities,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

const capabilities: Capabilities = {
  missingKernels: [],
  floatBits: 32,
  syncRead: true,
  description: "plain JavaScript, one thread",
};

/**
 * Returns an adapter for tfjs's own cpu backend, the last resort of a list: it trains everything, but slowly. It is available if the
 * app has imported `@tensorflow/tfjs-backend-cpu`.
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
      return { name: "cpu", capabilities, dispose: async () => {} };
    },
  };
}
