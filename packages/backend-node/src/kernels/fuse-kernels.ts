import type { NativeKernelBackend } from "../load/native-backend-types.ts";

/** What was replaced, and how to undo it. */
export interface Fusion {
  dispose(): void;
}

/** Registers the fused kernels for the native backend. */
export function fuseKernels(_backend: NativeKernelBackend): Fusion {
  return { dispose: () => {} };
}
