import * as tf from "@tensorflow/tfjs-core";
import type { StockInternals } from "./device/internals.ts";
import type { PrecompileProgress } from "./session.ts";

/** tfjs's own switch: kernels compile asynchronously and do not run. */
const COMPILE_ONLY = "WEBGPU_ENGINE_COMPILE_ONLY";

/** See `WebGPUSession.precompile`. A shader that does not compile rejects, and none is left half-done in tfjs's cache. */
export async function precompile(
  { pipelineCache }: StockInternals,
  step: () => unknown,
  onProgress: (progress: PrecompileProgress) => void = () => {},
): Promise<number> {
  tf.env().set(COMPILE_ONLY, true);
  try {
    tf.tidy(() => {
      tf.dispose(step() as tf.TensorContainer);
    });
  } finally {
    tf.env().set(COMPILE_ONLY, false);
  }
  const pending = Object.entries(pipelineCache).filter(
    (entry): entry is [string, Promise<GPUComputePipeline>] => entry[1] instanceof Promise,
  );
  const total = pending.length;
  let done = 0;
  onProgress({ done, total });
  const results = await Promise.allSettled(
    pending.map(async ([key, promise]) => {
      pipelineCache[key] = await promise;
      done += 1;
      onProgress({ done, total });
    }),
  );
  for (const [key] of pending) if (pipelineCache[key] instanceof Promise) delete pipelineCache[key];
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  return total;
}
