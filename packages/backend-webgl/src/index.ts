export type { PrecompileProgress } from "@graftjs/backend";
export { type WebGLAdapter, webglBackend } from "./adapter.ts";
export type { WebGLBackendOptions } from "./options.ts";
export { plugins } from "./plugins.ts";
export type { WebGLSession } from "./session.ts";
