import { OptionsError, type Param, type Random } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { uniform } from "../initial/random-values.ts";
import { overLastAxis, product } from "../layers/linear.ts";
import type { Target } from "../targets/target.ts";
import { addedParam } from "./added-param.ts";
import type { Change } from "./change.ts";
import { factorPair } from "./factor-pair.ts";

/** The settings of one layer's Kronecker adapter. */
export interface KroneckerSettings {
  /** Rank of the second factor, if it is itself a low-rank product. */
  readonly rank: number;
  /** Factor s on the product. */
  readonly scale: number;
  /** One factor of the sizes; −1 takes the two that are closest. */
  readonly factor: number;
}

/** The change of a Kronecker adapter. */
export interface KroneckerChange extends Change, KroneckerSettings {}

/**
 * Adds a Kronecker product to the kernel of a dense or convolution layer (LoKr, Yeh et al. 2023, arXiv 2309.14859, eq. 7):
 * ΔK = s·(w1 ⊗ w2). Its parameters are `lokr_w1` [m, l], which begins at 0, and `lokr_w2` [..., n, k]. The kernel is [..., m·n, l·k]. If the
 * rank is less than half of n or k, w2 = `lokr_w2_b` [..., n, rank] · `lokr_w2_a` [rank, k].
 *
 * @throws OptionsError for other layers
 */
export function lokrChange(
  target: Target,
  { rank, scale, factor }: KroneckerSettings,
  random: Random,
): KroneckerChange {
  const { kind, name, weight } = target;
  if (kind !== "dense" && kind !== "conv")
    throw new OptionsError(
      `\`lokr\` changes dense and convolution layers, and ${name} is in another layer.`,
      "Use `lora` for it.",
    );
  const {
    inputs: [m, n],
    outputs: [l, k],
    positions,
  } = kroneckerSizes(target, factor);
  const fan = n * positions.reduce((product, size) => product * size, 1);
  const w1 = addedParam(target, "lokr_w1", tf.zeros([m, l]), [1]);
  const kaiming = (shape: readonly number[], fanIn: number): tf.Tensor => {
    const size = shape.reduce((product, side) => product * side, 1);
    return tf.tensor(uniform(size, 1 / Math.sqrt(fanIn), random), [...shape]);
  };
  const last = positions.length + 1;
  const second: readonly Param[] = isLowRank(rank, n, k)
    ? [
        addedParam(target, "lokr_w2_a", kaiming([rank, k], rank), [1]),
        addedParam(target, "lokr_w2_b", kaiming([...positions, n, rank], fan), [last]),
      ]
    : [addedParam(target, "lokr_w2", kaiming([...positions, n, k], fan), [last])];
  const w2 = (): tf.Tensor => {
    const [a, b] = second.map(({ variable }) => variable as tf.Tensor) as [tf.Tensor, tf.Tensor?];
    return b ? overLastAxis(b, a) : a;
  };
  return {
    target,
    params: [w1, ...second],
    rank,
    scale,
    factor,
    product: (x, z) => {
      // x·(w1 ⊗ w2) multiplies the inner index by w2 and the outer one by w1. The product of the two is never made.
      const [batch, ...sides] = x.shape.slice(0, -1) as [number, ...number[]];
      const split = tf.transpose(tf.reshape(x, [batch, -1, m, n]), [0, 2, 1, 3]);
      const inner = product(target, tf.reshape(split, [batch * m, ...sides, n]), w2());
      const outer = overLastAxis(tf.transpose(tf.reshape(inner, [batch, m, -1, k]), [0, 2, 3, 1]), w1.variable);
      return tf.add(z, tf.mul(tf.reshape(tf.transpose(outer, [0, 1, 3, 2]), z.shape), scale));
    },
    merge: ({ kernel, bias }) => {
      const outer = tf.mul(tf.reshape(w1.variable, [1, m, 1, l, 1]), tf.reshape(w2(), [-1, 1, n, 1, k]));
      return { kernel: tf.add(kernel, tf.mul(tf.reshape(outer, [...weight.shape]), scale)), bias };
    },
  };
}

/** The sizes of the two factors of a kernel. */
export interface KroneckerSizes {
  /** Inputs of the first and of the second factor. */
  readonly inputs: readonly [number, number];
  readonly outputs: readonly [number, number];
  /** The sides of a convolution's kernel, which belong to the second factor. Empty for a dense layer. */
  readonly positions: readonly number[];
}

/** Divides the inputs and outputs of a kernel. */
export function kroneckerSizes({ weight: { shape }, outputs }: Target, factor: number): KroneckerSizes {
  const inputs = factorPair(shape.at(-2) as number, factor);
  return { inputs, outputs: factorPair(outputs, factor), positions: shape.slice(0, -2) };
}

/** Tells whether the second factor [n, k] is itself a low-rank product, as in LyCORIS and HF PEFT. */
export function isLowRank(rank: number, n: number, k: number): boolean {
  return rank < Math.max(k, n) / 2;
}
