import type { StockInternals } from "../device/internals.ts";
import { pipelineFor } from "./pipelines.ts";
import { arraysOf, recordWords, type StepShader, sharedWords, WORKGROUP, wgsl } from "./wgsl.ts";

/** One tensor's part in a step. */
export interface StepTensor {
  readonly size: number;
  /** One buffer for each of the shader's arrays, written ones first. */
  readonly buffers: readonly GPUBuffer[];
  /** The shader's numbers, in its order. */
  readonly numbers: readonly number[];
}

/** Offsets of a dynamic uniform binding are multiples of this on every device. */
const ALIGNMENT = 256;
/** Enough workgroups to fill a large GPU; a thread then loops. */
const MAX_GROUPS = 1024;

/**
 * Records a step over `tensors` behind what tfjs has recorded so far: ⌈tensors × arrays / bindings⌉ dispatches.
 *
 * @param common the buffers of the shader's common arrays, in its order.
 * @param groups workgroups of every dispatch. @default as many as the largest tensor fills
 */
export function runStep(
  backend: StockInternals,
  shader: StepShader,
  tensors: readonly StepTensor[],
  shared: readonly number[],
  common: readonly GPUBuffer[] = [],
  groups?: number,
): void {
  const filled = tensors.map((tensor, index) => ({ ...tensor, index })).filter(({ size }) => size > 0);
  if (filled.length === 0) return;
  const { device } = backend;
  const perDispatch = Math.max(
    1,
    Math.floor((device.limits.maxStorageBuffersPerShaderStage - common.length) / arraysOf(shader).length),
  );
  // Tensors of like size share a dispatch, so that its threads have like work.
  const ordered = filled.sort((a, b) => b.size - a.size);
  const chunks = Array.from({ length: Math.ceil(ordered.length / perDispatch) }, (_, i) =>
    ordered.slice(i * perDispatch, (i + 1) * perDispatch),
  );
  const pipelines = chunks.map(({ length }) =>
    pipelineFor(device, `${shader.key}/${length}`, () => wgsl(shader, length)),
  );
  if (pipelines.includes(undefined)) return;
  const record = recordWords(shader);
  const head = sharedWords(shader);
  const bytesOf = (slots: number): number => 4 * (head + slots * record);
  const step = ALIGNMENT * Math.ceil(bytesOf(perDispatch) / ALIGNMENT);
  const uniforms = writeUniforms(backend, step * chunks.length, (floats, words) => {
    chunks.forEach((chunk, c) => {
      const start = (c * step) / 4;
      floats.set(shared, start);
      chunk.forEach(({ size, index, numbers }, slot) => {
        const at = start + head + slot * record;
        words[at] = size;
        words[at + 1] = index;
        floats.set(numbers, at + 2);
      });
    });
  });
  const pass = openPass(backend);
  chunks.forEach((chunk, c) => {
    const pipeline = pipelines[c] as GPUComputePipeline;
    const buffers = [...chunk.flatMap((tensor) => tensor.buffers), ...common];
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [
          ...buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
          { binding: buffers.length, resource: { buffer: uniforms, offset: c * step, size: bytesOf(chunk.length) } },
        ],
      }),
    );
    const largest = chunk[0]?.size ?? 0;
    pass.dispatchWorkgroups(groups ?? Math.min(MAX_GROUPS, Math.ceil(largest / WORKGROUP)));
    backend.dispatchCountInPass++;
  });
}

/** Records one dispatch of a shader of its own. */
export function runOnce(
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
      layout: pipeline.getBindGroupLayout(0),
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
