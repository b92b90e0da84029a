import { unavailable } from "@graftjs/backend";
import type { Availability, BackendAdapter, BackendSession } from "@graftjs/core";
import { locateTensorFlow } from "./locate-tensorflow.ts";
import { type NativeBackendOptions, nativeOptions } from "./options.ts";
import { openSession } from "./session.ts";

/**
 * Returns an adapter for native TensorFlow on the CPU or, with CUDA, on a graphics card.
 *
 * It uses the project's `@tensorflow/tfjs-node` if that works, and otherwise the install that `installNative` has put into the
 * cache. `availability()` loads nothing into this process, and tests tfjs-node in a child process.
 *
 * @throws OptionsError for a wrong option. `init()` throws TooLateError if an option can no longer be set, or if TensorFlow is
 * loaded for the other device.
 */
export function nativeBackend(options: NativeBackendOptions = {}): BackendAdapter {
  const { device, cacheDir, projectDir = process.cwd() } = nativeOptions.parse("node", options);
  return {
    name: "node",
    device,
    async availability(): Promise<Availability> {
      try {
        const found = await locateTensorFlow(device, cacheDir, projectDir);
        const description =
          found.kind === "registered" ? "native TensorFlow, loaded" : `native TensorFlow in ${found.folder}`;
        return { ok: true, capabilities: { missingKernels: [], floatBits: 32, syncRead: true, description } };
      } catch (error) {
        return { fix: "graft doctor", ...unavailable(error) };
      }
    },
    async init(): Promise<BackendSession> {
      return openSession(await locateTensorFlow(device, cacheDir, projectDir), options);
    },
  };
}
