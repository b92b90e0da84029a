export type { LarsDialect } from "./dialect.ts";
export { type LambOptions, type LambState, lamb, lambc } from "./lamb.ts";
export { lars } from "./lars.ts";
export { type LarsMomentumOptions, type LarsMomentumState, larsMomentum } from "./lars-momentum.ts";
export type { LarsOptions } from "./lars-options.ts";
export { plugins } from "./plugins.ts";
export type { TrustState } from "./trust.ts";
export type { Granularity, TrustOptions, ZeroNorm } from "./trust-options.ts";
