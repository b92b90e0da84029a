import { OptionsError, type Param, type Random } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { uniform } from "../initial/random-values.ts";
import { overLastAxis } from "../layers/linear.ts";
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
 * Adds a Kronecker product to the kernel of a dense layer (LoKr, Yeh et al. 2023, arXiv 2309.14859, eq. 7): ΔK = s·(w1 ⊗ w2). Its
 * parameters are `lokr_w1` [m, l], which begins at 0, and `lokr_w2` [n, k]. The kernel is [m·n, l·k]. If the rank is less than half of
 * n and k, w2 = `lokr_w2_b` [n, rank] · `lokr_w2_a` [rank, k].
 *
 * @throws OptionsError for other layers than dense ones
 */
export function lokrChange(
  target: Target,
  { rank, scale, factor }: KroneckerSettings,
  random: Random,
): KroneckerChange {
  const { kind, name, weight, outputs, fanIn } = target;
  if (kind !== "dense")
    throw new OptionsError(`\`lokr\` changes dense layers, and ${name} is in another layer.`, "Use `lora` for it.");
  const [m, n] = factorPair(fanIn, factor);
  const [l, k] = factorPair(outputs, factor);
  const w1 = addedParam(target, "lokr_w1", tf.zeros([m, l]), [1]);
  const kaiming = (shape: [number, number], inputs: number): tf.Tensor =>
    tf.tensor(uniform(shape[0] * shape[1], 1 / Math.sqrt(inputs), random), shape);
  const lowRank = rank < Math.max(k, n) / 2;
  const second: readonly Param[] = lowRank
    ? [
        addedParam(target, "lokr_w2_a", kaiming([rank, k], rank), [1]),
        addedParam(target, "lokr_w2_b", kaiming([n, rank], n), [1]),
      ]
    : [addedParam(target, "lokr_w2", kaiming([n, k], n), [1])];
  const w2 = (): tf.Tensor => {
    const [a, b] = second.map(({ variable }) => variable as tf.Tensor as tf.Tensor2D);
    return b ? tf.matMul(b, a as tf.Tensor2D) : (a as tf.Tensor2D);
  };
  return {
    target,
    params: [w1, ...second],
    rank,
    scale,
    factor,
    product: (x, z) => {
      // x·(w1 ⊗ w2) multiplies the inner index by w2 and the outer one by w1. The product of the two is never made.
      const inner = overLastAxis(tf.reshape(x, [-1, m, n]), w2());
      const outer = overLastAxis(tf.transpose(inner, [0, 2, 1]), w1.variable);
      return tf.add(z, tf.mul(tf.reshape(tf.transpose(outer, [0, 2, 1]), z.shape), scale));
    },
    merge: ({ kernel, bias }) => {
      const outer = tf.mul(tf.reshape(w1.variable, [m, 1, l, 1]), tf.reshape(w2(), [1, n, 1, k]));
      return { kernel: tf.add(kernel, tf.mul(tf.reshape(outer, [...weight.shape]), scale)), bias };
    },
  };
}
