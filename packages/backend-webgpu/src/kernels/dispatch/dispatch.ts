import type { StockInternals } from "../../device/internals.ts";
import { type Chunk, chunked, type StepTensor } from "./chunks.ts";
import { pipelineFor } from "./pipelines.ts";
import { scratch } from "./scratch.ts";
import { recordWords, type StepShader, sharedWords, WORKGROUP, wgsl } from "./wgsl.ts";

/** Offsets of a dynamic uniform binding are multiples of this on every device. */
const ALIGNMENT = 256;
/** Enough workgroups to fill a large GPU; a thread then loops. */
const MAX_GROUPS = 1024;

/**
 * Records a step over `tensors` behind what tfjs has recorded so far: ⌈tensors × arrays / bindings⌉ dispatches. Where the
 * device binds few buffers, the last read array of small tensors is copied into one buffer first, which leaves more for the
 * others.
 *
 * @param common the buffers of the shader's common arrays, in its order.
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

/** Copies the last array of each gathered tensor into one buffer. */
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

/** Records one dispatch of a shader of its own. */
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

/** Ends the pass and hands the commands to the queue, as tfjs does after a batch of dispatches of its own. */
export function submit(backend: StockInternals): void {
  // Nothing was recorded where every tensor is empty.
  if (!backend.commandEncoder) return;
  backend.endComputePassEncoder();
  backend.submitQueue();
}

const layouts = new WeakMap<GPUComputePipeline, GPUBindGroupLayout>();

/** Asked for once: each answer is an object of its own, made anew. */
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

/** A buffer from tfjs's pool that is not used again before the commands that read it are submitted. */
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
