// For an app: choosing and opening a backend.

export { cpuBackend } from "./cpu-backend.ts";
export { type BackendNeed, openBackend } from "./open-backend.ts";
export { recordKernels } from "./record-kernels.ts";
export { runOnBackends } from "./run-on-backends.ts";

// For an adapter: opening and closing.

export { loadPeer } from "./load-peer.ts";
export { type Opened, type Opening, openExclusive, type WatchedBackend } from "./open-exclusive.ts";
export { inTurn, type Place, takePlace } from "./place.ts";
export { messageOf, UnavailableError, unavailable } from "./unavailable.ts";
export { type Undo, undoList } from "./undo.ts";

// For an adapter: kernels.

export { broadcastFixes } from "./broadcast-fixes.ts";
export { type CallPatch, callPatch } from "./call-patch.ts";
export { compileOnly, type PrecompileProgress } from "./compile-only.ts";
export { type InPlaceKernels, inPlaceKernels } from "./in-place-kernels.ts";
export { type Registration, replaceKernels } from "./replace-kernels.ts";
export { type FusedActivation, type TensorKernel, type TensorKernels, tensorKernels } from "./tensor-kernels.ts";
export { missingTrainingKernels } from "./training-kernels.ts";

// For a registry.

export { plugins } from "./plugins.ts";
