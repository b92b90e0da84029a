import { type Callback, NonFiniteError, runFused, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { GuardOptions } from "../../options/guard-options.ts";

/** What is known of a bad step before it is taken. */
export interface BadStep {
  readonly step: number;
  readonly loss: number;
  /** Parameters whose gradient is not finite. */
  readonly gradients: readonly string[];
  /** Whether the loss is finite but far above its recent mean. */
  readonly spike: boolean;
}

/** Watches loss and gradients. One read a step. As a callback it keeps the recent mean of the loss. */
export interface Guard extends Callback {
  /** The loss as a number, and what is wrong with the step, if anything. */
  inspect(step: number, loss: tf.Scalar, grads: TensorMap): Promise<{ loss: number; bad: BadStep | undefined }>;
}

export function createGuard({ spike }: GuardOptions = {}): Guard {
  let mean: number | undefined;
  return {
    name: "guard",
    save: async () => ({ json: { mean: mean ?? null }, tensors: new Map() }),
    load({ json }) {
      mean = (json as { mean: number | null }).mean ?? undefined;
    },
    async inspect(step, loss, grads) {
      const check = tf.tidy(() => tf.stack([loss, norm(Object.values(grads))]));
      const [value, size] = (await check.data()) as unknown as [number, number];
      check.dispose();
      const gradients = Number.isFinite(size) ? [] : await nonFinite(grads);
      const jumped = spike !== undefined && mean !== undefined && Math.abs(value) > spike * Math.abs(mean);
      if (!Number.isFinite(value) || gradients.length > 0 || jumped) {
        return { loss: value, bad: { step, loss: value, gradients, spike: jumped && Number.isFinite(value) } };
      }
      mean = mean === undefined ? value : 0.9 * mean + 0.1 * value;
      return { loss: value, bad: undefined };
    },
  };
}

/**
 * Finite only where every term is; one that is not may only have overflowed, and is looked at closely. By one kernel for all tensors where
 * the backend has it, else by their sum.
 */
function norm(tensors: readonly tf.Tensor[]): tf.Tensor {
  const out = tf.scalar(0);
  if (runFused("GraftGlobalNorm", { tensors, out })) return out;
  return tf.addN(tensors.map((tensor) => tf.sum(tensor)));
}

/** @param origin where the first value that is not finite came up, where that was found. */
export function nonFiniteError({ step, loss, gradients, spike }: BadStep, origin: string | undefined): NonFiniteError {
  // Backward, the last parameter in the model's order comes first: from it the others have it.
  const what = spike
    ? `The loss jumped to ${loss} in step ${step}`
    : Number.isFinite(loss)
      ? `The gradient of \`${gradients.at(-1)}\`${gradients.length > 1 ? ` and ${gradients.length - 1} more` : ""} is not finite in step ${step}`
      : `The loss is ${loss} in step ${step}`;
  const where = spike
    ? "Every value is finite."
    : origin
      ? `The first value that is not finite came up here. ${origin}`
      : "Taken again, the step's values are all finite: does the loss or a layer change from call to call?";
  return new NonFiniteError(
    `${what}. The step was not taken.`,
    `${where}\nLower the learning rate, clip the gradient (clip-by-global-norm), or set guard: { policy: "skip" }.`,
  );
}

async function nonFinite(grads: TensorMap): Promise<string[]> {
  const names: string[] = [];
  for (const [name, grad] of Object.entries(grads)) {
    const finite = tf.tidy(() => tf.all(tf.isFinite(grad)));
    if ((await finite.data())[0] === 0) names.push(name);
    finite.dispose();
  }
  return names;
}
