import type { KernelBackend, TensorInfo } from "@tensorflow/tfjs-core";

/** One attribute of a TensorFlow operation, in the binding's form. */
export interface OpAttr {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** A tensor that an operation made: the binding's id, shape and dtype. */
export interface NativeTensor {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** Members of tfjs-node's binding that we call. */
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
  /** Runs our own kernels (native/graft_kernels.cc). Only a binding that we built has them. */
  graftKernels?(code: number, ids: Int32Array, numbers: Float64Array, out: Int32Array): void;
}

/** Data of tfjs-node for a data id. `values` stay in JavaScript until an operation needs them. */
export interface NativeTensorData {
  shape: readonly number[];
  dtype: number;
  values: ArrayBufferView | null;
  id: number;
  refCount: number;
}

/** Members of tfjs-node's backend that we use. */
export interface NativeKernelBackend extends KernelBackend {
  readonly binding: NativeBinding;
  readonly isUsingGpuDevice: boolean;
  /** Whether the backend comes from the package tfjs-node-gpu. False for our own CUDA build. */
  readonly isGPUPackage?: boolean;
  readonly tensorMap: {
    get(dataId: object): NativeTensorData;
    has(dataId: object): boolean;
    set(dataId: object, data: NativeTensorData): void;
    delete(dataId: object): boolean;
  };
  executeSingleOutput(name: string, attrs: readonly OpAttr[], inputs: readonly TensorInfo[]): TensorInfo;
}
