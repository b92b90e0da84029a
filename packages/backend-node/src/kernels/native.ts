import type { DataType, TensorInfo } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { NativeBinding, NativeKernelBackend, NativeTensor, OpAttr } from "../load/native-backend-types.ts";

/**
 * Calls TensorFlow's operations directly, with the binding's ids for tensors. Small operations spend most of their time on tfjs
 * tensors, scopes and the tape, which this avoids.
 */
export interface Native {
  /** The current instance. Read it at each call, because tfjs makes a new one if the backend is removed and set again. */
  readonly backend: NativeKernelBackend;
  /** Returns the binding's id of a tfjs tensor. Values that are still in JavaScript are copied to TensorFlow. */
  id(tensor: TensorInfo): number;
  /** Runs an operation and returns its first output. */
  execute(name: string, attrs: readonly OpAttr[], inputs: readonly number[]): NativeTensor;
  /** Runs an operation and returns all outputs. */
  executeMany(name: string, attrs: readonly OpAttr[], inputs: readonly number[], outputs: number): NativeTensor[];
  /** Frees tensors. */
  free(...tensors: readonly (NativeTensor | undefined)[]): void;
  /** Returns a tfjs tensor for an output. The caller may change `shape` first if the number of values stays the same. */
  info(tensor: NativeTensor, dtype?: DataType): TensorInfo;
  /** Removes the data from a tfjs tensor and returns it. The tfjs tensor must not be used afterwards. */
  detach(tensor: TensorInfo): NativeTensor;
  /** Returns the id of a float32 scalar, which is cached. Use it for values that do not change from step to step. */
  scalar(value: number): number;
  /** Returns the id of an int32 vector, which is cached. */
  ints(values: readonly number[]): number;
  /** Makes a float32 scalar that the caller frees. */
  temporary(value: number): NativeTensor;
  /**
   * Runs a kernel of native/, which needs one pass for work that takes TensorFlow several. Undefined on a graphics card and with
   * tfjs-node's own binding.
   */
  readonly runGraft: RunGraft | undefined;
  /** Makes attributes of operations. */
  readonly attr: Attributes;
  /** Frees the cached scalars and vectors. */
  dispose(): void;
}

/** Codes of the kernels in native/graft_kernels.cc. Inputs, numbers and outputs of each are described there. */
const CODES = {
  batchNormTraining: 1,
  batchNormTrainingGrad: 2,
  batchNorm: 3,
  batchNormGrad: 4,
  gradientBetween: 5,
  sgdStep: 6,
  adamStep: 7,
  product: 8,
  depthwise: 9,
  depthwiseInputGrad: 10,
  depthwiseFilterGrad: 11,
  norms: 12,
  blend: 13,
  lambDirections: 14,
  normedKernelGrad: 15,
  gelu: 16,
  softmax: 17,
  softmaxGrad: 18,
  layerNorm: 19,
  layerNormGrad: 20,
  reshape: 21,
} as const;

/**
 * Runs a kernel of native/graft_kernels.cc.
 *
 * @param ids the binding's ids of the inputs, -1 for an input that is left out.
 * @param numbers the kernel's scalars.
 * @param shapes shapes of the outputs.
 */
export type RunGraft = (
  kernel: keyof typeof CODES,
  ids: readonly number[],
  numbers: readonly number[],
  shapes: readonly (readonly number[])[],
) => NativeTensor[];

/** Access to TensorFlow with our own kernels. */
export interface GraftNative extends Native {
  readonly runGraft: RunGraft;
}

/** Says whether our own kernels are there. */
export function hasGraftKernels(native: Native): native is GraftNative {
  return native.runGraft !== undefined;
}

/** An id that no tensor has. */
const NO_TENSOR = 2 ** 31 - 1;

/**
 * Says whether the binding has all kernels of {@link CODES}. A binding that was compiled for an older version of this package has only the
 * first ones. A kernel that exists complains about an unknown tensor.
 */
export function hasAllKernels({ runGraft }: GraftNative): boolean {
  try {
    runGraft("reshape", [NO_TENSOR], [], []);
  } catch (error) {
    return !`${error}`.includes("no such kernel");
  }
  return true;
}

interface Attributes {
  /** `T` = float32. */
  readonly float: readonly OpAttr[];
  /** `T` = float32, `U` = float32: the batch norms. */
  readonly floats: readonly OpAttr[];
  type(name: string, dtype: number): OpAttr;
  bool(name: string, value: boolean): OpAttr;
  number(name: string, value: number): OpAttr;
  text(name: string, value: string): OpAttr;
}

const natives = new WeakMap<NativeBinding, Native>();

/** Returns direct access to TensorFlow for a backend. There is one for each binding. */
export function nativeOf(backend: NativeKernelBackend): Native {
  const known = natives.get(backend.binding);
  if (known) return known;
  const native = accessTo(backend);
  natives.set(backend.binding, native);
  return native;
}

function accessTo(backend: NativeKernelBackend): Native {
  const { binding } = backend;
  const current = (): NativeKernelBackend => tf.backend() as NativeKernelBackend;
  const cached = new Map<string, number>();
  const cache = (key: string, make: () => number): number => {
    const known = cached.get(key);
    if (known !== undefined) return known;
    const id = make();
    cached.set(key, id);
    return id;
  };
  const scalarOf = (value: number): number => binding.createTensor([], binding.TF_FLOAT, Float32Array.of(value));
  const type = (name: string, value: number): OpAttr => ({ name, type: binding.TF_ATTR_TYPE, value });
  const dtypes = new Map<number, DataType>([
    [binding.TF_FLOAT, "float32"],
    [binding.TF_INT32, "int32"],
    [binding.TF_BOOL, "bool"],
  ]);
  return {
    get backend() {
      return current();
    },
    id(tensor) {
      const data = current().tensorMap.get(tensor.dataId);
      if (data.values !== null) {
        data.id = binding.createTensor(data.shape, data.dtype, data.values);
        data.values = null;
      }
      return data.id;
    },
    execute: (name, attrs, inputs) => binding.executeOp(name, attrs, inputs, 1)[0] as NativeTensor,
    executeMany: (name, attrs, inputs, outputs) => binding.executeOp(name, attrs, inputs, outputs),
    /** Frees tensors. */
    free(...tensors) {
      for (const tensor of tensors) if (tensor) binding.deleteTensor(tensor.id);
    },
    info({ id, shape, dtype }, as) {
      const dataId = {};
      current().tensorMap.set(dataId, { shape, dtype, id, values: null, refCount: 1 });
      return { dataId, shape, dtype: as ?? dtypes.get(dtype) ?? "float32" };
    },
    detach({ dataId, shape }) {
      const { tensorMap } = current();
      const { id, dtype } = tensorMap.get(dataId);
      tensorMap.delete(dataId);
      return { id, shape, dtype };
    },
    scalar: (value) => cache(`f${value}`, () => scalarOf(value)),
    ints: (values) =>
      cache(`i${values.join()}`, () =>
        binding.createTensor([values.length], binding.TF_INT32, Int32Array.from(values)),
      ),
    temporary: (value) => ({ id: scalarOf(value), shape: [], dtype: binding.TF_FLOAT }),
    runGraft: backend.isUsingGpuDevice || binding.graftKernels === undefined ? undefined : runGraftOf(binding),
    attr: {
      float: [type("T", binding.TF_FLOAT)],
      floats: [type("T", binding.TF_FLOAT), type("U", binding.TF_FLOAT)],
      type,
      bool: (name, value) => ({ name, type: binding.TF_ATTR_BOOL, value }),
      number: (name, value) => ({ name, type: binding.TF_ATTR_FLOAT, value }),
      text: (name, value) => ({ name, type: binding.TF_ATTR_STRING, value }),
    },
    dispose() {
      for (const id of cached.values()) binding.deleteTensor(id);
      cached.clear();
    },
  };
}

function runGraftOf(binding: NativeBinding): RunGraft {
  return (kernel, ids, numbers, shapes) => {
    const out = new Int32Array(shapes.length);
    binding.graftKernels?.(CODES[kernel], Int32Array.from(ids), Float64Array.from(numbers), out);
    return shapes.map((shape, i) => ({ id: out[i] as number, shape: [...shape], dtype: binding.TF_FLOAT }));
  };
}
