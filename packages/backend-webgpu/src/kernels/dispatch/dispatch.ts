import type { StockInternals } from "../../device/internals.ts";
import { type Chunk, chunked, type StepTensor } from "./chunks.ts";
import { pipelineFor } from "./pipelines.ts";
import { scratch } from "./scratch.ts";
import { recordWords, type StepShader, sharedWords, WORKGROUP, wgsl } from "./wgsl.ts";

/** A uniform binding may start at any multiple of this many bytes on every device. */
const ALIGNMENT = 256;
/** Enough workgroups to fill a large GPU. Beyond that, each thread computes several elements. */
const MAX_GROUPS = 1024;

/**
 * Records a step over `tensors` after the commands that tfjs has recorded so far. A dispatch takes as many tensors as the device
 * can bind. On a device that binds few buffers, the last read array of small tensors is copied into one buffer first, so that
 * a dispatch takes more tensors.
 *
 * @param shared numbers common to all tensors, in the order of the shader's `shared`.
 * @param common buffers of the shader's `common` arrays, in their order. @default []
 * @param groups workgroups of every dispatch. @default as many as the largest tensor fills
 */
export function dispatchStep(
  backend: StockInternals,
  shader: StepShader,
  tensors: readonly StepTensor[],
  shared: readonly number[],
  common: readonly GPUBuffer[] = [],
  groups?: number,
): void {
  const { device } = backend;
  const { chunks, gathered } = chunked(shader, tensors, device.limits.maxStorageBuffersPerShaderStage - common.length);
  if (chunks.length === 0) return;
  const pipelines = chunks.map(({ tensors: { length }, gathered }) =>
    pipelineFor(device, `${shader.key}/${length}${gathered ? "/gathered" : ""}`, () => wgsl(shader, length, gathered)),
  );
  if (pipelines.includes(undefined)) return;
  const record = recordWords(shader);
  const head = sharedWords(shader);
  const bytesOf = (slots: number): number => 4 * (head + slots * record);
  const step = ALIGNMENT * Math.ceil(bytesOf(Math.max(...chunks.map((chunk) => chunk.tensors.length))) / ALIGNMENT);
  const uniforms = writeUniforms(backend, step * chunks.length, (floats, words) => {
    chunks.forEach((chunk, c) => {
      const start = (c * step) / 4;
      floats.set(shared, start);
      chunk.tensors.forEach(({ size, index, start: from, numbers }, slot) => {
        const at = start + head + slot * record;
        words.set([size, index, from], at);
        floats.set(numbers, at + 3);
      });
    });
  });
  const arena = gathered > 0 ? gather(backend, chunks, gathered) : undefined;
  const pass = openPass(backend);
  chunks.forEach((chunk, c) => {
    const pipeline = pipelines[c] as GPUComputePipeline;
    const own = chunk.tensors.flatMap(({ buffers }) => (chunk.gathered ? buffers.slice(0, -1) : buffers));
    const buffers = [...own, ...(chunk.gathered && arena ? [arena] : []), ...common];
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout: layoutOf(pipeline),
        entries: [
          ...buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
          {
            binding: buffers.length,
            resource: { buffer: uniforms, offset: c * step, size: bytesOf(chunk.tensors.length) },
          },
        ],
      }),
    );
    const largest = Math.max(...chunk.tensors.map(({ size }) => size));
    pass.dispatchWorkgroups(groups ?? Math.min(MAX_GROUPS, Math.ceil(largest / WORKGROUP)));
    backend.dispatchCountInPass++;
  });
}

/** Copies the last read array of each gathered tensor into one buffer of `numbers` elements. */
function gather(backend: StockInternals, chunks: readonly Chunk[], numbers: number): GPUBuffer {
  const arena = scratch(backend, 4 * numbers);
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  for (const { tensors, gathered } of chunks) {
    if (!gathered) continue;
    for (const { buffers, size, start } of tensors) {
      const encoder = backend.commandEncoder as GPUCommandEncoder;
      encoder.copyBufferToBuffer(buffers.at(-1) as GPUBuffer, 0, arena, 4 * start, 4 * size);
    }
  }
  return arena;
}

/**
 * Records one dispatch of a shader that does not follow the scheme of `StepShader`.
 *
 * @param buffers storage buffers for bindings 0, 1 and so on. The uniforms follow them.
 * @param uniformWords fills the uniforms, through a float view and an integer view of the same memory.
 */
export function dispatchOnce(
  backend: StockInternals,
  key: string,
  code: () => string,
  buffers: readonly GPUBuffer[],
  uniformWords: (floats: Float32Array, words: Uint32Array) => void,
  uniformBytes: number,
  groups: number,
): void {
  const { device } = backend;
  const pipeline = pipelineFor(device, key, code);
  if (!pipeline) return;
  const uniforms = writeUniforms(backend, uniformBytes, uniformWords);
  const pass = openPass(backend);
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({
      layout: layoutOf(pipeline),
      entries: [...buffers, uniforms].map((buffer, binding) => ({ binding, resource: { buffer } })),
    }),
  );
  pass.dispatchWorkgroups(groups);
  backend.dispatchCountInPass++;
}

/** Ends the pass and submits the commands, as tfjs does after a batch of its own dispatches. */
export function submit(backend: StockInternals): void {
  // If all tensors are empty, nothing was recorded.
  if (!backend.commandEncoder) return;
  backend.endComputePassEncoder();
  backend.submitQueue();
}

const layouts = new WeakMap<GPUComputePipeline, GPUBindGroupLayout>();

/** Returns the pipeline's layout. It is cached, because WebGPU makes a new object for each request. */
function layoutOf(pipeline: GPUComputePipeline): GPUBindGroupLayout {
  const known = layouts.get(pipeline);
  if (known) return known;
  const layout = pipeline.getBindGroupLayout(0);
  layouts.set(pipeline, layout);
  return layout;
}

function openPass(backend: StockInternals): GPUComputePassEncoder {
  backend.ensureCommandEncoderReady();
  backend.computePassEncoder ??= (backend.commandEncoder as GPUCommandEncoder).beginComputePass();
  return backend.computePassEncoder;
}

/** Fills a uniform buffer from tfjs's pool. The pool does not reuse it before the commands that read it are submitted. */
function writeUniforms(
  backend: StockInternals,
  bytes: number,
  fill: (floats: Float32Array, words: Uint32Array) => void,
): GPUBuffer {
  const words = new Uint32Array(bytes / 4);
  fill(new Float32Array(words.buffer), words);
  const buffer = backend.bufferManager.acquireBuffer(bytes, GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM);
  backend.device.queue.writeBuffer(buffer, 0, words);
  backend.uniformPendingDisposal.push(buffer);
  return buffer;
}
