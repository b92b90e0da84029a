import type { DataType, TensorInfo } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { NativeBinding, NativeKernelBackend, NativeTensor, OpAttr } from "../load/native-backend-types.ts";

/**
 * Calls TensorFlow's operations with the binding's own numbers for tensors: no tfjs tensor, scope or tape in between. That
 * is where the time of a small operation goes.
 */
export interface Native {
  /** The current instance: tfjs makes a new one when the backend is removed and set again. Read it at each call. */
  readonly backend: NativeKernelBackend;
  /** The binding's number for a tfjs tensor; values that still wait in JavaScript are handed over. */
  id(tensor: TensorInfo): number;
  /** The first output of an operation. */
  one(name: string, attrs: readonly OpAttr[], inputs: readonly number[]): NativeTensor;
  many(name: string, attrs: readonly OpAttr[], inputs: readonly number[], outputs: number): NativeTensor[];
  free(...tensors: readonly (NativeTensor | undefined)[]): void;
  /** A tfjs tensor for an output; its shape may be said anew where it has as many values. */
  info(tensor: NativeTensor, dtype?: DataType): TensorInfo;
  /** What a tfjs tensor of ours holds, taken out of it; the tensor is gone. */
  take(tensor: TensorInfo): NativeTensor;
  /** The number of a float32 scalar, made once and kept. For values that do not change from step to step. */
  scalar(value: number): number;
  /** The number of an int32 vector, made once and kept. */
  ints(values: readonly number[]): number;
  /** A float32 scalar for this step; to be freed. */
  temporary(value: number): NativeTensor;
  /**
   * Our own kernels, which do in one pass what takes TensorFlow several; `undefined` on a graphics card and with
   * tfjs-node's own binding.
   */
  readonly own: RunGraft | undefined;
  /** Attributes that most operations take. */
  readonly attr: Attributes;
  /** Frees the kept scalars and vectors. */
  dispose(): void;
}

/**
 * Runs kernel `code` of native/graft_kernels.cc.
 *
 * @param ids the binding's numbers, -1 for an input that is left out.
 * @param shapes of the outputs.
 */
export type RunGraft = (
  code: number,
  ids: readonly number[],
  numbers: readonly number[],
  shapes: readonly (readonly number[])[],
) => NativeTensor[];

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

/** The {@link Native} of a backend. */
export function nativeOf(backend: NativeKernelBackend): Native {
  const { binding } = backend;
  const current = (): NativeKernelBackend => tf.backend() as NativeKernelBackend;
  const kept = new Map<string, number>();
  const keep = (key: string, make: () => number): number => {
    const known = kept.get(key);
    if (known !== undefined) return known;
    const id = make();
    kept.set(key, id);
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
    one: (name, attrs, inputs) => binding.executeOp(name, attrs, inputs, 1)[0] as NativeTensor,
    many: (name, attrs, inputs, outputs) => binding.executeOp(name, attrs, inputs, outputs),
    free(...tensors) {
      for (const tensor of tensors) if (tensor) binding.deleteTensor(tensor.id);
    },
    info({ id, shape, dtype }, as) {
      const dataId = {};
      current().tensorMap.set(dataId, { shape, dtype, id, values: null, refCount: 1 });
      return { dataId, shape, dtype: as ?? dtypes.get(dtype) ?? "float32" };
    },
    take({ dataId, shape }) {
      const { tensorMap } = current();
      const { id, dtype } = tensorMap.get(dataId);
      tensorMap.delete(dataId);
      return { id, shape, dtype };
    },
    scalar: (value) => keep(`f${value}`, () => scalarOf(value)),
    ints: (values) =>
      keep(`i${values.join()}`, () => binding.createTensor([values.length], binding.TF_INT32, Int32Array.from(values))),
    temporary: (value) => ({ id: scalarOf(value), shape: [], dtype: binding.TF_FLOAT }),
    own: backend.isUsingGpuDevice || binding.graftKernels === undefined ? undefined : ownKernels(binding),
    attr: {
      float: [type("T", binding.TF_FLOAT)],
      floats: [type("T", binding.TF_FLOAT), type("U", binding.TF_FLOAT)],
      type,
      bool: (name, value) => ({ name, type: binding.TF_ATTR_BOOL, value }),
      number: (name, value) => ({ name, type: binding.TF_ATTR_FLOAT, value }),
      text: (name, value) => ({ name, type: binding.TF_ATTR_STRING, value }),
    },
    dispose() {
      for (const id of kept.values()) binding.deleteTensor(id);
      kept.clear();
    },
  };
}

function ownKernels(binding: NativeBinding): RunGraft {
  return (code, ids, numbers, shapes) => {
    const out = new Int32Array(shapes.length);
    binding.graftKernels?.(code, Int32Array.from(ids), Float64Array.from(numbers), out);
    return shapes.map((shape, i) => ({ id: out[i] as number, shape: [...shape], dtype: binding.TF_FLOAT }));
  };
}
