import * as tf from "@tensorflow/tfjs-core";

/** How a kernel handles int32 and bool. */
interface Rule {
  /** The dtypes besides float32 that stock computes correctly. */
  readonly takes?: readonly tf.DataType[];
  /** Dtype of the result. @default the dtype of the first input */
  readonly gives?: tf.DataType;
}

const INTEGERS: Rule = { takes: ["int32"] };
/** For kernels that accept all numbers. Their result for strings is wrong. */
const NUMBERS: Rule = { takes: ["int32", "bool"] };

/** Kernels for which stock is wrong with some dtype. It writes nothing, or it writes four bytes for a bool, which has one. */
const RULES: { readonly [kernelName: string]: Rule } = {
  Abs: INTEGERS,
  Acos: {},
  Acosh: {},
  Asin: {},
  Asinh: {},
  Atan: {},
  Atan2: INTEGERS,
  Atanh: {},
  Ceil: {},
  Cos: {},
  Cosh: {},
  Cumprod: { takes: ["int32"], gives: "int32" },
  Cumsum: { takes: ["int32"], gives: "int32" },
  Dilation2D: {},
  Elu: {},
  Equal: NUMBERS,
  Erf: {},
  Exp: { gives: "float32" },
  Expm1: {},
  Floor: {},
  FloorDiv: { takes: ["int32"], gives: "int32" },
  FusedBatchNorm: {},
  Greater: NUMBERS,
  GreaterEqual: NUMBERS,
  IsFinite: { gives: "bool" },
  IsInf: { gives: "bool" },
  IsNan: { gives: "bool" },
  LRN: {},
  LeakyRelu: { gives: "float32" },
  Less: NUMBERS,
  LessEqual: NUMBERS,
  Log: {},
  Log1p: {},
  MaxPool: {},
  MaxPool3D: { gives: "float32" },
  Mod: INTEGERS,
  Neg: INTEGERS,
  NotEqual: NUMBERS,
  Prelu: { gives: "float32" },
  RealDiv: INTEGERS,
  Reciprocal: {},
  Relu: INTEGERS,
  Relu6: INTEGERS,
  ResizeNearestNeighbor: {},
  Reverse: INTEGERS,
  Round: INTEGERS,
  Rsqrt: {},
  SearchSorted: { takes: ["int32"], gives: "int32" },
  Selu: {},
  Sigmoid: {},
  Sign: INTEGERS,
  Sin: {},
  Sinh: {},
  Softmax: {},
  Softplus: {},
  SparseToDense: NUMBERS,
  Sqrt: {},
  Square: INTEGERS,
  Step: INTEGERS,
  StridedSlice: {},
  Tan: {},
  Tanh: {},
  Tile: NUMBERS,
  TopK: INTEGERS,
  UnsortedSegmentSum: { gives: "float32" },
};

/** An input that is always int32. */
const INDICES = "segmentIds";

/** Names of the kernels that need {@link acceptIntegers}. */
export const integerKernelNames: readonly string[] = Object.keys(RULES);

/**
 * Extends a kernel to all numeric dtypes, as on cpu. Inputs that `stock` does not support are cast to float32, and the result
 * is truncated to the dtype that cpu returns. Integers beyond 2²⁴ are rounded on the way.
 *
 * @throws Error with the inputs' names and dtypes for other dtypes.
 */
export function acceptIntegers(kernelName: string, stock: tf.KernelFunc | undefined): tf.KernelFunc {
  const { takes = [], gives } = RULES[kernelName] as Rule;
  return (params) => {
    const inputs = Object.entries(params.inputs as unknown as { readonly [name: string]: tf.Tensor | null });
    const dtypes = inputs.flatMap(([name, tensor]) => (tensor && name !== INDICES ? [tensor.dtype] : []));
    const [first] = dtypes as [tf.DataType];
    if (stock && dtypes.every((dtype) => dtype === "float32" || takes.includes(dtype))) return stock(params);
    if (dtypes.some((dtype) => !["float32", "int32", "bool"].includes(dtype))) {
      const given = inputs.map(([name, tensor]) => `${name}: ${tensor?.dtype}`).join(", ");
      throw new Error(
        `${kernelName} on wasm takes float32, int32 and bool, got ${given}. Cast with tf.cast, or use the cpu backend.`,
      );
    }
    return tf.tidy(() => {
      const floats = inputs.map(([name, tensor]) => [
        name,
        tensor && name !== INDICES ? tf.cast(tensor, "float32") : tensor,
      ]);
      const result = tf
        .engine()
        .runKernel(kernelName, Object.fromEntries(floats) as tf.NamedTensorMap, params.attrs as tf.NamedAttrMap);
      if (!Array.isArray(result)) return truncate(result, gives ?? first);
      const [values, ...others] = result as [tf.Tensor, ...tf.Tensor[]];
      return [truncate(values, gives ?? first), ...others];
    });
  };
}

/** Converts numbers to another dtype as cpu does when it stores them: 0.7 becomes false. */
function truncate(x: tf.Tensor, dtype: tf.DataType): tf.Tensor {
  return dtype === "bool" && x.dtype === "float32" ? tf.cast(tf.cast(x, "int32"), "bool") : tf.cast(x, dtype);
}
