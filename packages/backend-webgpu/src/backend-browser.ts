import { type WebGPUAdapter, webgpuAdapter } from "./adapter.ts";
import type { WebGPUBackendOptions } from "./options.ts";
import { browserPlatform } from "./platform/browser.ts";

/**
 * Returns an adapter that trains on WebGPU, in a page or a Web Worker.
 *
 * `init()` opens a device with the limits of the GPU's adapter, makes tfjs's WebGPU backend on that device current and
 * registers fused optimizer kernels. If the device is lost, the next operation throws a BackendLostError. If the device
 * reports an error that belongs to no operation, the next operation throws it.
 *
 * @throws OptionsError for unknown options. `init()` throws a BackendError with the reason and the fix.
 */
export function webgpuBackend(options: WebGPUBackendOptions = {}): WebGPUAdapter {
  return webgpuAdapter(options, browserPlatform);
}
