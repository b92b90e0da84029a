export type { WebGPUAdapter, WebGPUBackendOptions } from "./adapter.ts";
export type { DeviceOptions } from "./device/open.ts";
export { webgpuBackend } from "./backend-node.ts";
export { plugins } from "./plugins-node.ts";
export type { PrecompileProgress, WebGPUSession } from "./session.ts";
