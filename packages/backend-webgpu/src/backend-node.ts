import { type WebGPUAdapter, webgpuAdapter } from "./adapter.ts";
import type { WebGPUBackendOptions } from "./options.ts";
import { dawnPlatform } from "./platform/dawn.ts";

/**
 * Returns an adapter that trains on WebGPU in Node, through Dawn. This needs the optional peer `webgpu` and a Vulkan, Metal or
 * Direct3D 12 driver.
 *
 * As in the browser, `init()` opens a device with the limits of the GPU's adapter, makes tfjs's WebGPU backend on that device
 * current and registers fused optimizer kernels. If the device is lost, the next operation throws a BackendLostError. Read
 * tensors with `await tensor.data()`, because Node cannot read from WebGPU synchronously. `dispose()` destroys the device, so that the
 * process can end.
 *
 * @throws OptionsError for unknown options. `init()` throws a BackendError with the reason and the fix.
 */
export function webgpuBackend(options: WebGPUBackendOptions = {}): WebGPUAdapter {
  return webgpuAdapter(options, dawnPlatform(options.dawnOptions));
}
