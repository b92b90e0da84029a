// for an app: choosing and opening a backend
export { cpuBackend } from "./cpu-backend.ts";
export { type BackendNeed, openBackend } from "./open-backend.ts";
export { recordKernels } from "./record-kernels.ts";
export { runOnBackends } from "./run-on-backends.ts";

// for a registry
export { plugins } from "./plugins.ts";

// for an adapter: opening and closing
export { loadPeer } from "./load-peer.ts";
export { type Opened, type Opening, openExclusive, type WatchedBackend } from "./open-exclusive.ts";
export { inTurn, type Place, takePlace } from "./place.ts";
export { messageOf, UnavailableError, unavailable } from "./unavailable.ts";
export { type Undo, undoList } from "./undo.ts";

// for an adapter: kernels
export { compileOnly, type PrecompileProgress } from "./compile-only.ts";
export { type Registration, replaceKernels } from "./replace-kernels.ts";
export { missingTrainingKernels } from "./training-kernels.ts";
