import type { KernelBackend, TensorInfo } from "@tensorflow/tfjs-core";

/** One attribute of a TensorFlow operation, as the binding takes it. */
export interface OpAttr {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** A tensor that an operation made: the binding's number for it, and what it is. */
export interface NativeTensor {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** The part of tfjs-node's binding that we call. */
export interface NativeBinding {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_BOOL: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  createTensor(shape: readonly number[], dtype: number, values: ArrayBufferView): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(name: string, attrs: readonly OpAttr[], inputs: readonly number[], outputs: number): NativeTensor[];
  isUsingGpuDevice(): boolean;
  getNumOfTensors(): number;
  /** Our own kernels, in a binding that we built; see native/graft_kernels.cc. tfjs-node's own binding has none. */
  graftKernels?(code: number, ids: Int32Array, numbers: Float64Array, out: Int32Array): void;
}

/** What tfjs-node keeps for a data id. `values` wait on the JavaScript side until an operation needs them. */
export interface NativeTensorData {
  shape: readonly number[];
  dtype: number;
  values: ArrayBufferView | null;
  id: number;
  refCount: number;
}

/** tfjs-node's backend, as far as we use it. */
export interface NativeKernelBackend extends KernelBackend {
  readonly binding: NativeBinding;
  readonly isUsingGpuDevice: boolean;
  /** Whether it is the package tfjs-node-gpu; false too for our own CUDA build. */
  readonly isGPUPackage?: boolean;
  readonly tensorMap: {
    get(dataId: object): NativeTensorData;
    has(dataId: object): boolean;
    set(dataId: object, data: NativeTensorData): void;
    delete(dataId: object): boolean;
  };
  executeSingleOutput(name: string, attrs: readonly OpAttr[], inputs: readonly TensorInfo[]): TensorInfo;
}
