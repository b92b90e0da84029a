import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { TensorInfo } from "@tensorflow/tfjs-core";

/** Data that tfjs keeps for one tensor on WebGPU. */
export interface StockTensorData {
  values: unknown;
  readonly dtype: string;
  resource?: GPUBuffer | GPUTexture | null;
  refCount: number;
}

/** The pool of tfjs's `BufferManager`, which tfjs declares private. */
export interface StockBuffers {
  readonly freeBuffers: Map<string, GPUBuffer[]>;
  numFreeBuffers: number;
  numBytesUsed: number;
  numBytesAllocated: number;
  acquireBuffer(size: number, usage: number, mappedAtCreation?: boolean, reuse?: boolean): GPUBuffer;
}

/**
 * Members of tfjs's `WebGPUBackend` (4.20 – 4.22) that tfjs declares private and that this package needs: the command
 * encoder, so that our dispatches run in order with tfjs's own, and the pools.
 */
export interface StockInternals {
  readonly device: GPUDevice;
  readonly bufferManager: StockBuffers;
  readonly tensorMap: { has(dataId: object): boolean; get(dataId: object): StockTensorData };
  readonly pipelineCache: Record<string, GPUComputePipeline | Promise<GPUComputePipeline>>;
  readonly uniformPendingDisposal: GPUBuffer[];
  readonly commandQueueOwnedIds: WeakSet<object>;
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  uploadToGPU(dataId: object): void;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  refCount(dataId: object): number;
  makeTensorInfo(shape: number[], dtype: "float32", values?: Float32Array): TensorInfo;
}

/** Gives access to the private members. This is the only cast to them. */
export function internals(backend: WebGPUBackend): StockInternals {
  return backend as unknown as StockInternals;
}
