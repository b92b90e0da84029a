import type { Param, TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Agreement } from "../assembly/agreement.ts";
import type { Collective } from "../../parallel/collective.ts";

/** The loss and the gradients of one rank's part of a step. */
export interface StepPart {
  /** Examples of this part, divided by the examples of a full step. 0 if this rank has none. */
  readonly share: number;
  /** Mean over the examples of this part. Undefined if there are none. */
  readonly loss: tf.Scalar | undefined;
  readonly grads: TensorMap;
}

/**
 * Averages loss and gradients over the examples of all ranks, in one buffer and one call. The votes about the end of the run travel in
 * the same buffer. Reads the gradients to the host and returns new tensors. The given tensors stay the caller's.
 */
export async function averageStep(
  collective: Collective,
  agreement: Agreement | undefined,
  active: readonly Param[],
  { share, loss, grads }: StepPart,
): Promise<{ readonly loss: tf.Scalar; readonly grads: TensorMap }> {
  const reached = loss === undefined ? active : active.filter(({ name }) => grads[name]);
  const sizes = reached.map(({ variable }) => variable.size);
  const sums = new Float32Array(sizes.reduce((sum, size) => sum + size, HEAD));
  sums.set(agreement?.votes() ?? [], 2);
  if (loss !== undefined) {
    const [value, ...values] = await Promise.all(
      [loss, ...reached.map(({ name }) => grads[name] as tf.Tensor)].map(read),
    );
    sums[0] = share;
    sums[1] = share * (value?.[0] as number);
    let at = HEAD;
    for (const gradient of values) at = scaledInto(sums, at, gradient, share);
  }
  if (collective.sumGradients) collective.sumGradients(sums, HEAD, 1);
  else collective.sum(sums);
  agreement?.count(sums[2] as number, sums[3] as number);
  const whole = sums[0] as number;
  // In a full step the shares sum to 1.
  if (whole !== 1) for (let i = 1; i < sums.length; i++) sums[i] = (sums[i] as number) / whole;
  let at = HEAD;
  const means = reached.map(({ name, shape }, i) => {
    const from = at;
    at += sizes[i] as number;
    return [name, tf.tensor(sums.subarray(from, at), [...shape], "float32")] as const;
  });
  return { loss: tf.scalar(sums[1] as number), grads: Object.fromEntries(means) };
}

/** Numbers before the gradients: the sum of the shares, the loss, and two votes. */
const HEAD = 4;

async function read(tensor: tf.Tensor): Promise<Float32Array> {
  return (await tensor.data()) as Float32Array;
}

/** Writes `values` times `factor`. Returns the position after them. */
function scaledInto(into: Float32Array, at: number, values: Float32Array, factor: number): number {
  for (let i = 0; i < values.length; i++) into[at + i] = (values[i] as number) * factor;
  return at + values.length;
}
