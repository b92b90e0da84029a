import { OptionsError, type Param, type Random } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import {
  type Initialization,
  type LowRankSizes,
  type LowRankValues,
  lowRankValues,
} from "../initial/low-rank-values.ts";
import { pissaValues } from "../initial/pissa-values.ts";
import { outputAxis, type Target, withOutputs } from "../targets/target.ts";
import { addedParam } from "./added-param.ts";
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

/** Two factors of a low-rank product: `a` has the shape of the kernel with another number of outputs, `b` is [rank, outputs]. */
export interface Factors {
  readonly a: tf.Tensor;
  readonly b: tf.Tensor;
}

/** The parameters of a low-rank adapter of one kernel, and the products that its methods need. */
export interface LowRankParts {
  readonly target: Target;
  readonly params: readonly [Param, Param];
  readonly constants: readonly tf.Tensor[];
  readonly rank: number;
  scale: number;
  readonly dropout: number;
  readonly initialization: Initialization;
  readonly a: tf.Variable;
  readonly b: tf.Variable;
  /** Returns the factors of the whole change without the scale. With "pissa" they hold −a₀·b₀ too. */
  factors(): Factors;
  /** Computes ΔK, with the shape of the kernel. */
  kernel(): tf.Tensor;
  /** Computes L(x, ΔK), with dropout in training. */
  outputs(x: tf.Tensor, training: boolean): tf.Tensor;
}

/**
 * Makes the parameters `lora_a` and `lora_b` of a kernel, and ΔK = s·a·b.
 *
 * With "pissa" ΔK = s·(a·b − a₀·b₀), with the first values a₀ and b₀. So the layer computes with the residual W − s·a₀·b₀ and the adapter
 * on it, while the base and other adapters keep the kernel W.
 *
 * @throws OptionsError if the settings do not suit the layer
 */
export function lowRankParts(target: Target, settings: LowRankSettings, random: Random): LowRankParts {
  assertSuits(target, settings);
  const { rank, dropout, initialization } = settings;
  const params = pairOf(target, rank, firstValues(target, settings, random));
  const [a, b] = [params[0].variable, params[1].variable];
  const first = initialization === "pissa" ? { a: tf.clone(a), b: tf.neg(b) } : undefined;
  const scaled = (x: tf.Tensor): tf.Tensor => tf.mul(x, parts.scale);
  const parts: LowRankParts = {
    ...{ target, params, rank, scale: settings.scale, dropout, initialization, a, b },
    constants: first ? [first.a, first.b] : [],
    factors: () =>
      first ? { a: tf.concat([a, first.a], outputAxis(target.kind, a.rank)), b: tf.concat([b, first.b], 0) } : { a, b },
    kernel() {
      const whole = parts.factors();
      return scaled(lowRankKernel(target, whole.a, whole.b));
    },
    outputs(x, training) {
      if (!first || !training || dropout === 0) {
        const whole = parts.factors();
        return scaled(lowRankProduct(target, dropped(x, dropout, training), whole.a, whole.b));
      }
      // The residual belongs to the base, so dropout leaves its input whole.
      const trained = lowRankProduct(target, dropped(x, dropout, training), a, b);
      return scaled(tf.add(trained, lowRankProduct(target, x, first.a, first.b)));
    },
  };
  return parts;
}

function assertSuits({ kind, name, outputs, fanIn }: Target, { rank, dropout, initialization }: LowRankSettings): void {
  if (dropout > 0 && (kind === "inside" || kind === "embedding"))
    throw new OptionsError(
      `\`dropout\` cannot be used for ${name}: its layer has no input of numbers that a mask could drop.`,
      "Leave `dropout` out, or choose other weights by `target`.",
    );
  if (initialization === "orthogonal" && rank % 2 !== 0)
    throw new OptionsError(`"orthogonal" needs an even rank; ${name} has rank ${rank}.`, "Use an even rank.");
  if (initialization === "pissa" && rank > Math.min(outputs, fanIn))
    throw new OptionsError(
      `"pissa" needs a rank of at most ${Math.min(outputs, fanIn)} for ${name}, the smaller side of its kernel; the rank is ${rank}.`,
      "Use a lower rank, or give the weight a rank of its own by `patterns`.",
    );
}

function firstValues(target: Target, settings: LowRankSettings, random: Random): LowRankValues {
  const { rank, initialization, scale } = settings;
  const sizes: LowRankSizes = { fanIn: target.fanIn, rank, outputs: target.outputs };
  if (initialization !== "pissa") return lowRankValues(initialization, sizes, target.kind === "embedding", random);
  const kernel = target.holder.read();
  const values = tf.tidy(() =>
    (target.kind === "transposed" ? tf.transpose(kernel, swapped(kernel.rank)) : kernel).dataSync(),
  );
  return pissaValues(values, sizes, scale);
}

function pairOf(target: Target, rank: number, { a, b }: LowRankValues): readonly [Param, Param] {
  const shape = withOutputs(target, rank);
  const transposed = target.kind === "transposed";
  const matrix = tf.tidy(() => {
    const order = swapped(shape.length);
    return transposed
      ? tf.transpose(
          tf.tensor(
            a,
            order.map((axis) => shape[axis] as number),
          ),
          order,
        )
      : tf.tensor(a, shape);
  });
  return [
    addedParam(target, "lora_a", matrix, [outputAxis(target.kind, shape.length)]),
    addedParam(target, "lora_b", tf.tensor(b, [rank, target.outputs]), [1]),
  ];
}

/** Returns the axes with the last two exchanged: the outputs of a transposed kernel are the axis before the last. */
function swapped(rank: number): number[] {
  return [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2];
}

/** Drops values of `x` in training, and scales the others by 1/(1 − rate). */
function dropped(x: tf.Tensor, rate: number, training: boolean): tf.Tensor {
  return training && rate > 0 ? tf.dropout(x, rate) : x;
}
