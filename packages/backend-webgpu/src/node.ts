export type { PrecompileProgress } from "@graftjs/backend";
export type { WebGPUAdapter } from "./adapter.ts";
export { webgpuBackend } from "./backend-node.ts";
export type { DeviceOptions } from "./device/open.ts";
export type { WebGPUBackendOptions } from "./options.ts";
export { plugins } from "./plugins-node.ts";
export type { WebGPUSession } from "./session.ts";
