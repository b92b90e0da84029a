import { compileOnly, type PrecompileProgress } from "@graftjs/backend";
import type { StockInternals } from "./device/internals.ts";
import { COMPILE_ONLY, type PipelineCache, pipelinesOf } from "./kernels/dispatch/pipelines.ts";

/** Implements `WebGPUSession.precompile`. If a shader does not compile, its unfinished entry is removed from the cache. */
export async function precompile(
  { device, pipelineCache }: StockInternals,
  step: () => unknown,
  onProgress: (progress: PrecompileProgress) => void = () => {},
): Promise<number> {
  compileOnly(COMPILE_ONLY, step);
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
