import * as tf from "@tensorflow/tfjs-core";

/** Makes a graph relu(conv) → mean → matMul → softmax, as the converter writes it. */
export function graphArtifact(): tf.io.ModelArtifacts {
  const float = { type: "DT_FLOAT" };
  const constant = (name: string) => ({ name, op: "Const", attr: { dtype: float } });
  const shapeOf = (dims: number[]) => ({ shape: { dim: dims.map((size) => ({ size })) } });
  const node = [
    { name: "x", op: "Placeholder", attr: { dtype: float, shape: shapeOf([-1, 6, 6, 2]) } },
    ...["block/conv/kernel", "block/conv/bias", "head/kernel", "head/bias"].map(constant),
    { name: "axes", op: "Const", attr: { dtype: { type: "DT_INT32" } } },
    {
      name: "conv",
      op: "_FusedConv2D",
      input: ["x", "block/conv/kernel", "block/conv/bias"],
      attr: {
        T: float,
        strides: { list: { i: [1, 1, 1, 1] } },
        padding: { s: "U0FNRQ==" },
        data_format: { s: "TkhXQw==" },
        dilations: { list: { i: [1, 1, 1, 1] } },
        fused_ops: { list: { s: ["Qmlhc0FkZA==", "UmVsdQ=="] } },
        num_args: { i: 1 },
        epsilon: { f: 0 },
      },
    },
    { name: "pool", op: "Mean", input: ["conv", "axes"], attr: { T: float, keep_dims: { b: false } } },
    {
      name: "mul",
      op: "MatMul",
      input: ["pool", "head/kernel"],
      attr: { T: float, transpose_a: { b: false }, transpose_b: { b: false } },
    },
    { name: "logits", op: "BiasAdd", input: ["mul", "head/bias"], attr: { T: float } },
    { name: "probs", op: "Softmax", input: ["logits"], attr: { T: float } },
  ];
  const specs = [
    { name: "block/conv/kernel", shape: [3, 3, 2, 4], dtype: "float32" as const },
    { name: "block/conv/bias", shape: [4], dtype: "float32" as const },
    { name: "head/kernel", shape: [4, 3], dtype: "float32" as const },
    { name: "head/bias", shape: [3], dtype: "float32" as const },
    { name: "axes", shape: [2], dtype: "int32" as const },
  ];
  const floats = tf.tidy(() => tf.randomNormal([72 + 4 + 12 + 3], 0, 0.5, "float32", 8).dataSync());
  const weightData = new Uint8Array(floats.length * 4 + 8);
  weightData.set(new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength));
  weightData.set(new Uint8Array(Int32Array.of(1, 2).buffer), floats.length * 4);
  return {
    modelTopology: { node, versions: { producer: 0 } },
    weightSpecs: specs,
    weightData: weightData.buffer,
    format: "graph-model",
  };
}

/** A constant of a graph. Integers are int32. */
export interface GraphConstant {
  readonly name: string;
  readonly shape: number[];
  readonly values: readonly number[];
  readonly dtype?: "float32" | "int32";
}

/** Makes a graph with one input `x` [any, 4] from nodes and constants. */
export function graphOf(nodes: readonly object[], constants: readonly GraphConstant[]): tf.io.ModelArtifacts {
  const typeOf = ({ dtype }: GraphConstant) => ({ type: dtype === "int32" ? "DT_INT32" : "DT_FLOAT" });
  const node = [
    { name: "x", op: "Placeholder", attr: { dtype: FLOAT, shape: { shape: { dim: [{ size: -1 }, { size: 4 }] } } } },
    ...constants.map((constant) => ({ name: constant.name, op: "Const", attr: { dtype: typeOf(constant) } })),
    ...nodes,
  ];
  const bytes = constants.flatMap(({ values, dtype }) => [
    ...new Uint8Array((dtype === "int32" ? Int32Array.from(values) : Float32Array.from(values)).buffer),
  ]);
  return {
    modelTopology: { node, versions: { producer: 0 } },
    weightSpecs: constants.map(({ name, shape, dtype = "float32" }) => ({ name, shape, dtype })),
    weightData: Uint8Array.from(bytes).buffer,
    format: "graph-model",
  };
}

const FLOAT = { type: "DT_FLOAT" };

export const op = (name: string, kind: string, input: string[], attr: object = {}): object => ({
  name,
  op: kind,
  input,
  attr: { T: FLOAT, ...attr },
});

export const matMul = (name: string, a: string, b: string): object =>
  op(name, "MatMul", [a, b], { transpose_a: { b: false }, transpose_b: { b: false } });
