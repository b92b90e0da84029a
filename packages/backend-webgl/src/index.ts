export { type WebGLAdapter, webglBackend } from "./adapter.ts";
export type { WebGLBackendOptions } from "./options.ts";
export { plugins } from "./plugin.ts";
export type { PrecompileProgress, WebGLSession } from "./session.ts";
