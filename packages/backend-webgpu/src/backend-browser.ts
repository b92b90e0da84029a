import { type WebGPUAdapter, type WebGPUBackendOptions, webgpuAdapter } from "./adapter.ts";
import { browserPlatform } from "./platform/browser.ts";
import { assertWebGPUOptions } from "./webgpu-plugin.ts";

export type { WebGPUAdapter, WebGPUBackendOptions };

/**
 * Training on WebGPU, in a page or a Web Worker.
 *
 * `init()` opens a device with the adapter's own limits, makes tfjs's WebGPU backend on it current and registers fused
 * optimizer kernels. From then on a lost device is a `BackendLostError` of the next operation, and an error that no
 * operation saw is thrown by the next one.
 *
 * @throws OptionsError for unknown options. `init()` throws a BackendError that says what is missing and what to do.
 */
export function webgpuBackend(options: WebGPUBackendOptions = {}): WebGPUAdapter {
  assertWebGPUOptions(options);
  return webgpuAdapter(options, browserPlatform);
}
