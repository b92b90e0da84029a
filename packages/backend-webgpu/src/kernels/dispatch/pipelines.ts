import * as tf from "@tensorflow/tfjs-core";

/** Pipelines by key. While a pipeline is compiled beforehand, its entry is a promise, as in tfjs's own cache. */
export type PipelineCache = Record<string, GPUComputePipeline | Promise<GPUComputePipeline>>;

/** tfjs's flag for compiling kernels asynchronously without running them. */
export const COMPILE_ONLY = "WEBGPU_ENGINE_COMPILE_ONLY";

/** One cache for each device, because a pipeline belongs to its device. */
const caches = new WeakMap<GPUDevice, PipelineCache>();

/** Returns the cache of our pipelines on `device`. */
export function pipelinesOf(device: GPUDevice): PipelineCache {
  const cache = caches.get(device) ?? {};
  caches.set(device, cache);
  return cache;
}

/** Says whether kernels are compiled and not run at the moment. */
export function isCompileOnly(): boolean {
  return tf.env().getBool(COMPILE_ONLY);
}

/**
 * Returns the pipeline of a shader.
 *
 * @param code writes the shader, and is called if the pipeline is not cached under `key`.
 * @returns undefined if kernels are only compiled. The pipeline is then being compiled, and nothing must run.
 */
export function pipelineFor(device: GPUDevice, key: string, code: () => string): GPUComputePipeline | undefined {
  const cache = pipelinesOf(device);
  const known = cache[key];
  if (isCompileOnly()) {
    cache[key] ??= device.createComputePipelineAsync(descriptor(device, key, code));
    return undefined;
  }
  if (known && !(known instanceof Promise)) return known;
  const made = device.createComputePipeline(descriptor(device, key, code));
  cache[key] = made;
  return made;
}

function descriptor(device: GPUDevice, key: string, code: () => string): GPUComputePipelineDescriptor {
  const module = device.createShaderModule({ code: code(), label: key });
  return { layout: "auto", compute: { module, entryPoint: "main" }, label: key };
}
