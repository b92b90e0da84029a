import { type Callback, formatNames, NonFiniteError, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { GuardOptions } from "../../options/guard-options.ts";
import { finiteNorm, notFinite } from "./finite.ts";

/** Describes a bad step. The step has not been applied. */
export interface BadStep {
  readonly step: number;
  readonly loss: number;
  /** Parameters whose gradient is not finite. */
  readonly gradients: readonly string[];
  /** Whether the loss is finite but far above its recent mean. */
  readonly spike: boolean;
  /** Set if loss and gradient are good and the update is not: the problem, its place and the fix. */
  readonly update?: { readonly problem: string; readonly fix: string };
}

/** Result of the check before a step. */
export interface Inspected {
  readonly loss: number;
  /** Set if the step must not be applied. */
  readonly bad: BadStep | undefined;
  /** Whether gradients and weights are far from overflow. False if they were not measured. */
  readonly small?: boolean;
}

/** Values that a fused kernel will read. */
export interface KernelInputs {
  /** Gradients after the hooks. Left out without hooks. */
  readonly hooked?: TensorMap;
  /** Names of the hooks, for messages. */
  readonly hooks: readonly string[];
  /** Left out if a few steps ago the weights were far from overflow. */
  readonly weights?: TensorMap;
}

/** Norms below this cannot overflow within one step of a rule whose rates are below 1e6. */
const FAR_FROM_OVERFLOW = 1e15;

/**
 * Checks loss and gradients before each step is applied, with one read per step. It implements `Callback` only to keep the recent
 * mean of the loss in checkpoints. A public callback cannot be a guard, because it is called after the step.
 */
export interface Guard extends Callback {
  /**
   * Returns the loss as a number, and a description of the step if it is bad.
   *
   * @param inputs measured in the same read, if the step may be taken by a fused kernel.
   */
  inspect(step: number, loss: tf.Scalar, grads: TensorMap, inputs?: KernelInputs): Promise<Inspected>;
}

export function createGuard({ spike }: GuardOptions = {}): Guard {
  let mean: number | undefined;
  return {
    name: "guard",
    save: async () => ({ json: { mean: mean ?? null }, tensors: new Map() }),
    load({ json }) {
      mean = (json as { mean: number | null }).mean ?? undefined;
    },
    async inspect(step, loss, grads, inputs) {
      const { hooked, weights } = inputs ?? {};
      const after = [hooked, weights].filter((map) => map !== undefined);
      const check = tf.tidy(() => tf.stack([loss, ...[grads, ...after].map((map) => finiteNorm(Object.values(map)))]));
      const [value, size, ...sizes] = (await check.data()) as unknown as [number, number, ...number[]];
      check.dispose();
      const gradients = Number.isFinite(size) ? [] : await notFinite(grads);
      const jumped = spike !== undefined && mean !== undefined && Math.abs(value) > spike * Math.abs(mean);
      if (!Number.isFinite(value) || gradients.length > 0 || jumped) {
        return { loss: value, bad: { step, loss: value, gradients, spike: jumped && Number.isFinite(value) } };
      }
      const spoilt = hooked && !Number.isFinite(sizes[0]) ? await notFinite(hooked) : [];
      if (inputs && spoilt.length > 0) {
        return {
          loss: value,
          bad: { step, loss: value, gradients, spike: false, update: hookProblem(inputs, spoilt) },
        };
      }
      mean = mean === undefined ? value : 0.9 * mean + 0.1 * value;
      // Hooks may make large gradients small.
      const read = hooked ? sizes : [size, ...sizes];
      return { loss: value, bad: undefined, small: inputs !== undefined && read.every((n) => n < FAR_FROM_OVERFLOW) };
    },
  };
}

function hookProblem({ hooks }: KernelInputs, names: readonly string[]): NonNullable<BadStep["update"]> {
  return {
    problem: `The hooks (${formatNames(hooks)}) returned a gradient that is not finite for ${formatNames(names)}`,
    fix: "The gradient that they got is finite. Check the formulas and options of the hooks.",
  };
}

/** @param origin the place of the first value that is not finite, if it was found. */
export function nonFiniteError(bad: BadStep, origin: string | undefined): NonFiniteError {
  const { step, loss, gradients, spike, update } = bad;
  if (update) return new NonFiniteError(`${update.problem} in step ${step}. The step was not applied.`, update.fix);
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
