// opening
export { cpuBackend } from "./cpu-backend.ts";
export { type BackendNeed, openBackend } from "./open-backend.ts";
// registering a backend with tfjs
export { inTurn, type Place, takePlace } from "./place.ts";
// for a registry
export { plugins } from "./plugins.ts";
// kernels
export { recordKernels } from "./record-kernels.ts";
export { type Registration, type ReplaceOptions, replaceKernels, type Wrapped } from "./replace-kernels.ts";
export { runOnBackends } from "./run-on-backends.ts";
export { missingTrainingKernels } from "./training-kernels.ts";
export { type Undo, undoList } from "./undo.ts";
