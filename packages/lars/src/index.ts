export type { LarsDialect } from "./dialect.ts";
export { lars } from "./lars.ts";
export type { LarsOptions } from "./lars-options.ts";
export { plugins } from "./plugins.ts";
export type { TrustState } from "./trust.ts";
export type { Granularity, TrustOptions, ZeroNorm } from "./trust-options.ts";
