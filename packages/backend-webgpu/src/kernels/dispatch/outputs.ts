import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from "@tensorflow/tfjs-core";
import type { StockInternals } from "../../device/internals.ts";

/** tfjs's `NamedAttrMap`, as the attributes of one kernel. */
export function attributes<T>(attrs: NamedAttrMap | undefined): T {
  return attrs as unknown as T;
}

/** An input that may be absent. */
export function optionalInput(inputs: NamedTensorInfoMap, name: string): TensorInfo | undefined {
  return (inputs as { readonly [name: string]: TensorInfo | undefined })[name] ?? undefined;
}

/** A new float32 tensor without numbers yet, and its buffer. */
export function newOutput(
  backend: StockInternals,
  shape: readonly number[],
): { readonly info: TensorInfo; readonly buffer: GPUBuffer } {
  const info = backend.makeTensorInfo([...shape], "float32");
  return { info, buffer: bufferOfInfo(backend, info) };
}

/** The buffer of a tensor a kernel was given. */
export function bufferOfInfo(backend: StockInternals, { dataId }: { readonly dataId: object }): GPUBuffer {
  backend.uploadToGPU(dataId);
  backend.commandQueueOwnedIds.add(dataId);
  return backend.tensorMap.get(dataId).resource as GPUBuffer;
}
