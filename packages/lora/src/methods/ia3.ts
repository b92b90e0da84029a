import * as tf from "@tensorflow/tfjs-core";
import type { Target } from "../targets/target.ts";
import { addedParam } from "./added-param.ts";
import { assertBeside } from "./assert-beside.ts";
import type { Change } from "./change.ts";
import { perOutput } from "./per-output.ts";

/**
 * Scales the outputs of a layer, or its inputs if it is feed-forward (IA³, Liu et al. 2022, arXiv 2205.05638, §3.3). Its
 * parameter is `ia3_l`: [outputs], or [inputs] for a feed-forward layer; it begins at 1.
 *
 * @throws OptionsError for layers that read a kernel in several places, and for embeddings
 */
export function ia3Change(target: Target, feedforward: boolean): Change {
  assertBeside(target, "ia3");
  const size = feedforward ? inputsOf(target) : target.outputs;
  const param = addedParam(target, "ia3_l", tf.ones([size]), [0]);
  const l = param.variable;
  if (feedforward)
    return {
      target,
      params: [param],
      input: (x) => tf.mul(x, l),
      merge: ({ kernel, bias }) => ({ kernel: tf.mul(kernel, perInput(target, l)), bias }),
    };
  return {
    target,
    params: [param],
    output: (z) => tf.mul(z, l),
    merge: ({ kernel, bias }) => ({ kernel: tf.mul(kernel, perOutput(target, l)), bias: bias && tf.mul(bias, l) }),
  };
}

/** Returns the number of input channels of a kernel. */
function inputsOf({ kind, weight: { shape } }: Target): number {
  return shape.at(kind === "transposed" ? -1 : -2) as number;
}

/** Reshapes [inputs] so that it scales the inputs of a kernel. */
function perInput({ kind }: Target, values: tf.Tensor): tf.Tensor {
  return kind === "transposed" ? values : tf.reshape(values, [values.size, 1]);
}
