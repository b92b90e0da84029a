import * as tf from "@tensorflow/tfjs-core";

/** Pipelines by key; promises while they are compiled beforehand, as in tfjs's own cache. */
export type PipelineCache = Record<string, GPUComputePipeline | Promise<GPUComputePipeline>>;

/** tfjs's own switch: kernels compile asynchronously and do not run. */
export const COMPILE_ONLY = "WEBGPU_ENGINE_COMPILE_ONLY";

/** The cache goes with the device it belongs to. */
const caches = new WeakMap<GPUDevice, PipelineCache>();

export function pipelinesOf(device: GPUDevice): PipelineCache {
  const cache = caches.get(device) ?? {};
  caches.set(device, cache);
  return cache;
}

/** Whether kernels are to compile and not to run. */
export function isCompileOnly(): boolean {
  return tf.env().getBool(COMPILE_ONLY);
}

/** The pipeline of a shader; undefined where kernels are only compiled: it is on its way then, and nothing is to run. */
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
