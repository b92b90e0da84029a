// opening
export { cpuBackend } from "./cpu-backend.ts";
export { type BackendNeed, openBackend } from "./open-backend.ts";
export { runOnBackends } from "./run-on-backends.ts";

// kernels
export { recordKernels } from "./record-kernels.ts";
export { type Registration, replaceKernels, type Wrapped } from "./replace-kernels.ts";
export { missingTrainingKernels } from "./training-kernels.ts";

// registering a backend with tfjs
export { inTurn, type Place, takePlace } from "./place.ts";
export { type Undo, undoList } from "./undo.ts";

// for a registry
export { plugins } from "./plugins.ts";
