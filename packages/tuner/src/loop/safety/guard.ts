import { type Callback, NonFiniteError, runFused, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { GuardOptions } from "../../options/guard-options.ts";

/** Describes a bad step. The step has not been applied. */
export interface BadStep {
  readonly step: number;
  readonly loss: number;
  /** Parameters whose gradient is not finite. */
  readonly gradients: readonly string[];
  /** Whether the loss is finite but far above its recent mean. */
  readonly spike: boolean;
}

/**
 * Checks loss and gradients before each step is applied, with one read per step. It implements `Callback` only to keep the recent
 * mean of the loss in checkpoints. A public callback cannot be a guard, because it is called after the step.
 */
export interface Guard extends Callback {
  /** Returns the loss as a number, and a description of the step if it is bad. */
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
 * Returns a number that is finite only if every element is. It may also overflow, so each tensor is then checked by itself. Uses one
 * kernel for all tensors if the backend has it, else their sum.
 */
function norm(tensors: readonly tf.Tensor[]): tf.Tensor {
  const out = tf.scalar(0);
  if (runFused("GraftGlobalNorm", { tensors, out })) return out;
  return tf.addN(tensors.map((tensor) => tf.sum(tensor)));
}

/** @param origin the place of the first value that is not finite, if it was found. */
export function nonFiniteError({ step, loss, gradients, spike }: BadStep, origin: string | undefined): NonFiniteError {
  // The backward pass reaches the last parameter of the model first, so the others got the value from it.
  const what = spike
    ? `The loss jumped to ${loss} in step ${step}`
    : Number.isFinite(loss)
      ? `The gradient of \`${gradients.at(-1)}\`${gradients.length > 1 ? ` and ${gradients.length - 1} more` : ""} is not finite in step ${step}`
      : `The loss is ${loss} in step ${step}`;
  const where = spike
    ? "Every value is finite."
    : origin
      ? `The first value that is not finite is here. ${origin}`
      : "All values were finite when the step was repeated. Does the loss or a layer change from call to call?";
  return new NonFiniteError(
    `${what}. The step was not applied.`,
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
