export { type WebGPUAdapter, type WebGPUBackendOptions, webgpuBackend } from "./backend-browser.ts";
export type { DeviceOptions } from "./device/open.ts";
export { plugins } from "./plugins.ts";
export type { PrecompileProgress, WebGPUSession } from "./session.ts";
