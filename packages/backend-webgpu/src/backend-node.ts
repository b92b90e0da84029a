import { type WebGPUAdapter, type WebGPUBackendOptions, webgpuAdapter } from "./adapter.ts";
import { assertWebGPUOptions } from "./webgpu-plugin.ts";
import { dawnPlatform } from "./platform/dawn.ts";

/**
 * Training on WebGPU in Node, through Dawn: the optional peer `webgpu`, and a Vulkan, Metal or Direct3D 12 driver.
 *
 * As in the browser: `init()` opens a device with the adapter's own limits, makes tfjs's WebGPU backend on it current and
 * registers fused optimizer kernels; a lost device is a `BackendLostError` of the next operation. Tensors are read with
 * `await tensor.data()`: there is no synchronous read. `dispose()` destroys the device, so that the process can end.
 *
 * @throws OptionsError for unknown options. `init()` throws a BackendError that says what is missing and what to do.
 */
export function webgpuBackend(options: WebGPUBackendOptions = {}): WebGPUAdapter {
  assertWebGPUOptions(options);
  return webgpuAdapter(options, dawnPlatform(options.dawnOptions));
}
