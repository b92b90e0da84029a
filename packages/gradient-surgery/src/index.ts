export { type PcgradOptions, pcgrad } from "./conflict/pcgrad.ts";
export { type ClipByGlobalNormOptions, clipByGlobalNorm } from "./magnitude/clip-by-global-norm.ts";
export { plugins } from "./plugins.ts";
