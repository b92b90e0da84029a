import { OptionsError, type Param, type Random } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type Initialization, lowRankValues } from "../initial/low-rank-values.ts";
import { type Target, withOutputs } from "../targets/target.ts";
import { addedParam } from "./added-param.ts";
import type { Change } from "./change.ts";
import { lowRankKernel, lowRankProduct } from "./low-rank.ts";

/** The settings of one layer's low-rank adapter. */
export interface LowRankSettings {
  readonly rank: number;
  /** Factor s on a·b. */
  readonly scale: number;
  /** Probability with which training drops a value of the input of `a`. */
  readonly dropout: number;
  readonly initialization: Initialization;
}

/** The change of a low-rank adapter. */
export interface LowRankChange extends Change {
  readonly rank: number;
  readonly scale: number;
  readonly dropout: number;
  readonly a: tf.Variable;
  readonly b: tf.Variable;
}

/**
 * Adds the low-rank product s·a·b to a kernel (Hu et al. 2021, arXiv 2106.09685, eq. 3): y = x·W + s·(x·a)·b. Its parameters are
 * `a`, with the shape of the kernel and `rank` instead of its outputs, and `b` [rank, outputs].
 */
export function loraChange(target: Target, settings: LowRankSettings, random: Random): LowRankChange {
  const { rank, scale, dropout } = settings;
  const [aParam, bParam] = lowRankParams(target, settings, random);
  const [a, b] = [aParam.variable, bParam.variable];
  return {
    target,
    params: [aParam, bParam],
    rank,
    scale,
    dropout,
    a,
    b,
    product: (x, z, _, training) =>
      tf.add(z, tf.mul(lowRankProduct(target, dropped(x, dropout, training), a, b), scale)),
    merge: ({ kernel, bias }) => ({ kernel: tf.add(kernel, tf.mul(lowRankKernel(target, a, b), scale)), bias }),
  };
}

/** Makes the parameters `lora_a` and `lora_b`. @throws OptionsError if the settings do not suit the layer */
export function lowRankParams(target: Target, settings: LowRankSettings, random: Random): readonly [Param, Param] {
  const { rank, dropout, initialization } = settings;
  const { kind, name, outputs, fanIn } = target;
  if (dropout > 0 && (kind === "inside" || kind === "embedding"))
    throw new OptionsError(
      `\`dropout\` cannot be used for ${name}: its layer has no input of numbers that a mask could drop.`,
      "Leave `dropout` out, or choose other weights by `target`.",
    );
  if (initialization === "orthogonal" && rank % 2 !== 0)
    throw new OptionsError(`"orthogonal" needs an even rank; ${name} has rank ${rank}.`, "Use an even rank.");
  const { a, b } = lowRankValues(initialization, { fanIn, rank, outputs }, kind === "embedding", random);
  return pairOf(target, rank, a, b);
}

function pairOf(target: Target, rank: number, a: Float32Array, b: Float32Array): readonly [Param, Param] {
  const shape = withOutputs(target, rank);
  const matrix = tf.tensor(target.kind === "transposed" ? lastTwoSwapped(a, shape) : a, shape);
  return [
    addedParam(target, "lora_a", matrix, [shape.length - (target.kind === "transposed" ? 2 : 1)]),
    addedParam(target, "lora_b", tf.tensor(b, [rank, target.outputs]), [1]),
  ];
}

/** Reorders [..., in, rank], given row by row, to the transposed kernel's [..., rank, in]. */
function lastTwoSwapped(values: Float32Array, shape: readonly number[]): Float32Array {
  const [rank, inputs] = shape.slice(-2) as [number, number];
  return values.map((_, i) => {
    const [block, rest] = [Math.floor(i / (rank * inputs)), i % (rank * inputs)];
    return values[block * rank * inputs + (rest % inputs) * rank + Math.floor(rest / inputs)] as number;
  });
}

/** Drops values of `x` in training, and scales the others by 1/(1 − rate). */
export function dropped(x: tf.Tensor, rate: number, training: boolean): tf.Tensor {
  return training && rate > 0 ? tf.dropout(x, rate) : x;
}
