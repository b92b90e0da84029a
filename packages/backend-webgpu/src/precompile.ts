import * as tf from "@tensorflow/tfjs-core";
import type { StockInternals } from "./device/internals.ts";
import { COMPILE_ONLY, type PipelineCache, pipelinesOf } from "./kernels/dispatch/pipelines.ts";
import type { PrecompileProgress } from "./session.ts";

/** See `WebGPUSession.precompile`. A shader that does not compile rejects, and none is left half-done in a cache. */
export async function precompile(
  { device, pipelineCache }: StockInternals,
  step: () => unknown,
  onProgress: (progress: PrecompileProgress) => void = () => {},
): Promise<number> {
  compileOnly(step);
  const pending = [pipelineCache, pipelinesOf(device)].flatMap((cache: PipelineCache) =>
    Object.entries(cache).flatMap(([key, entry]) => (entry instanceof Promise ? [{ cache, key, entry }] : [])),
  );
  const total = pending.length;
  let done = 0;
  onProgress({ done, total });
  const results = await Promise.allSettled(
    pending.map(async ({ cache, key, entry }) => {
      cache[key] = await entry;
      done += 1;
      onProgress({ done, total });
    }),
  );
  for (const { cache, key } of pending) if (cache[key] instanceof Promise) delete cache[key];
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  return total;
}

/** Runs `step` while kernels compile and do not run, and variables take nothing in: what is assigned to them holds no numbers. */
function compileOnly(step: () => unknown): void {
  const { assign } = tf.Variable.prototype;
  tf.Variable.prototype.assign = () => {};
  tf.env().set(COMPILE_ONLY, true);
  try {
    tf.tidy(() => {
      tf.dispose(step() as tf.TensorContainer);
    });
  } finally {
    tf.env().set(COMPILE_ONLY, false);
    tf.Variable.prototype.assign = assign;
  }
}
