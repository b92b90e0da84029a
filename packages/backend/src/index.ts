// for an app: choosing and opening a backend

// for an adapter: kernels
export { compileOnly, type PrecompileProgress } from "./compile-only.ts";
export { cpuBackend } from "./cpu-backend.ts";
// for an adapter: opening and closing
export { loadPeer } from "./load-peer.ts";
export { type BackendNeed, openBackend } from "./open-backend.ts";
export { type Opened, type Opening, openExclusive, type WatchedBackend } from "./open-exclusive.ts";
export { inTurn, type Place, takePlace } from "./place.ts";
// for a registry
export { plugins } from "./plugins.ts";
export { recordKernels } from "./record-kernels.ts";
export { type Registration, replaceKernels } from "./replace-kernels.ts";
export { runOnBackends } from "./run-on-backends.ts";
export { missingTrainingKernels } from "./training-kernels.ts";
export { messageOf, UnavailableError, unavailable } from "./unavailable.ts";
export { type Undo, undoList } from "./undo.ts";
