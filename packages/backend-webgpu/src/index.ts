export { type WebGPUAdapter, type WebGPUBackendOptions, webgpuBackend } from "./browser.ts";
export type { DeviceOptions } from "./device/open.ts";
export { plugins } from "./plugin.ts";
export type { PrecompileProgress, WebGPUSession } from "./session.ts";
