import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { LiveBackend } from "../../device/live-backend.ts";

/** The backend a fused kernel was called with, alive: its own dispatches do not pass through `runWebGPUProgram`. */
export function begin(backend: unknown): WebGPUBackend {
  const live = backend as LiveBackend;
  live.watch.assertAlive();
  return live;
}
