export type { WebGPUAdapter, WebGPUBackendOptions } from "./adapter.ts";
export type { DeviceOptions } from "./device/open.ts";
export { webgpuBackend } from "./node/backend.ts";
export { plugins } from "./node/plugin.ts";
export type { PrecompileProgress, WebGPUSession } from "./session.ts";
