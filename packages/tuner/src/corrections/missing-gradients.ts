import * as tf from "@tensorflow/tfjs-core";

/** A gradient that tfjs lacks. */
export type MissingGradient = Omit<tf.GradConfig, "kernelName">;

type Grads = { readonly [input: string]: () => tf.Tensor };

const zeros = ({ shape }: tf.Tensor): tf.Tensor => tf.zeros(shape);

/** Makes the gradient of an op with truth values as output: zeros, because the output does not change between its jumps. */
function ofTruth(...inputs: readonly string[]): MissingGradient {
  return {
    inputsToSave: [...inputs],
    gradFunc: (_, saved) => Object.fromEntries(inputs.map((input, i) => [input, () => zeros(saved[i] as tf.Tensor)])),
  };
}

/** float32 holds whole numbers up to here. */
const EXACT = 2 ** 24;

/**
 * Makes the gradient of an op that picks elements of its first input: every element of dy goes to the element it was picked from. The
 * places are found by running the op on the numbers 0, 1, 2, …
 */
function ofPicked(kernelName: string, picked: string, others: readonly string[] = []): MissingGradient {
  return {
    inputsToSave: [picked, ...others],
    gradFunc(dy, saved, attrs) {
      const [x, ...rest] = saved as [tf.Tensor, ...tf.Tensor[]];
      const gradient = (): tf.Tensor => {
        if (x.size > EXACT)
          throw new Error(`The gradient of ${kernelName} takes at most ${EXACT} elements, got ${x.size}.`);
        const numbers = tf.reshape(tf.range(0, x.size, 1, "float32"), x.shape);
        const inputs = Object.fromEntries([
          [picked, numbers],
          ...others.map((name, i) => [name, rest[i] as tf.Tensor]),
        ]);
        const places = tf.engine().runKernel<tf.Tensor>(kernelName, inputs, attrs);
        const at = tf.reshape(tf.cast(places, "int32"), [-1]) as tf.Tensor1D;
        const values = tf.reshape(dy as tf.Tensor, [-1, 1]) as tf.Tensor2D;
        return tf.reshape(tf.unsortedSegmentSum(values, at, x.size), x.shape);
      };
      return {
        [picked]: gradient,
        ...Object.fromEntries(others.map((name, i) => [name, () => zeros(rest[i] as tf.Tensor)])),
      };
    },
  };
}

/** Gradient of the transposed 3-D convolution y = Lᵀ(dy, w): that of dy is L itself, and that of w is the kernel gradient of L. */
const transposedConv3d: MissingGradient = {
  inputsToSave: ["dy", "filter"],
  gradFunc(dy, saved, attrs) {
    const [x, filter] = saved as [tf.Tensor5D, tf.Tensor5D];
    const { strides, pad } = attrs as unknown as {
      readonly strides: [number, number, number];
      readonly pad: "valid" | "same";
    };
    return {
      dy: () => tf.conv3d(dy as tf.Tensor5D, filter, strides, pad),
      filter: () =>
        tf
          .engine()
          .runKernel<tf.Tensor>(
            "Conv3DBackpropFilterV2",
            { x: dy as tf.Tensor, dy: x },
            { strides, pad, filterShape: filter.shape },
          ),
    };
  },
};

/** Gradient of einsum of one or two operands: the einsum of dy and the other operand, repeated along axes that were only summed. */
const einsum: MissingGradient = {
  saveAllInputs: true,
  gradFunc(dy, saved, attrs) {
    const [left = "", output = ""] = (attrs.equation as string).replaceAll(" ", "").split("->");
    const operands = left.split(",");
    return Object.fromEntries(
      saved.map((tensor, i) => [String(i), () => ofOperand(dy as tf.Tensor, output, operands, saved, i, tensor.shape)]),
    ) as Grads;
  },
};

function ofOperand(
  dy: tf.Tensor,
  output: string,
  operands: readonly string[],
  saved: readonly tf.Tensor[],
  which: number,
  shape: readonly number[],
): tf.Tensor {
  const mine = operands[which] as string;
  const other = operands[1 - which];
  const known = other === undefined ? output : output + other;
  const reached = [...mine].filter((index) => known.includes(index)).join("");
  const factors = other === undefined ? [dy] : [dy, saved[1 - which] as tf.Tensor];
  const labels = other === undefined ? output : `${output},${other}`;
  const gradient = tf.einsum(`${labels}->${reached}`, ...factors);
  const expanded = [...mine].map((index, axis) => (reached.includes(index) ? (shape[axis] as number) : 1));
  return tf.broadcastTo(tf.reshape(gradient, expanded), [...shape]);
}

/** Gradient of the largest values of each row: each goes to the element that it was picked from. */
const topK: MissingGradient = {
  inputsToSave: ["x"],
  outputsToSave: [false, true],
  gradFunc(dy, saved) {
    const [x, indices] = saved as [tf.Tensor, tf.Tensor];
    const [values] = dy as unknown as [tf.Tensor];
    return {
      x: () => {
        const [width, most] = [x.shape.at(-1) as number, indices.shape.at(-1) as number];
        const starts = tf.mul(tf.range(0, indices.size / most, 1, "int32"), tf.scalar(width, "int32"));
        const at = tf.add(tf.reshape(indices, [-1, most]), tf.reshape(starts, [-1, 1]));
        const rows = tf.reshape(values, [-1, 1]) as tf.Tensor2D;
        return tf.reshape(tf.unsortedSegmentSum(rows, tf.reshape(at, [-1]) as tf.Tensor1D, x.size), x.shape);
      },
    };
  },
};

/** Gradients that tfjs lacks on every backend, by kernel. That of GatherV2 is for batches of indices, see `gather-gradients`. */
export const MISSING: Readonly<Record<string, MissingGradient>> = {
  ...Object.fromEntries(
    ["Equal", "NotEqual", "Greater", "Less", "LessEqual", "LogicalAnd", "LogicalOr"].map((name) => [
      name,
      ofTruth("a", "b"),
    ]),
  ),
  ...Object.fromEntries(["LogicalNot", "All", "Any", "IsNan", "IsInf", "IsFinite"].map((name) => [name, ofTruth("x")])),
  StridedSlice: ofPicked("StridedSlice", "x"),
  DepthToSpace: ofPicked("DepthToSpace", "x"),
  TopK: topK,
  GatherV2: ofPicked("GatherV2", "x", ["indices"]),
  GatherNd: ofPicked("GatherNd", "params", ["indices"]),
  Conv3DBackpropInputV2: transposedConv3d,
  Einsum: einsum,
};
