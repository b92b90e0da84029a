import { formatNames, type Param, type TensorMap } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import type { Assembly } from "../assembly/assembly.ts";
import { BadRate, NotFused } from "../assembly/update-gate.ts";
import type { BadStep, Guard, Inspected } from "./guard.ts";
import { type HooksAhead, hooksAhead } from "./hooks-ahead.ts";
import { undoableStep } from "./undoable-step.ts";

/**
 * Steps after which the weights are measured again. Far from overflow means below 1e15. With rates up to 10 and decay up to 1, a step makes
 * weights at most about 11 times as large, or adds 10 gradients below 1e15. After 8 such steps they are below 1e24, and 1e38 overflows.
 */
const STEPS_BETWEEN_LOOKS = 8;
const USUAL_RATE = 10;

/**
 * Creates a function that takes one step from a loss and gradients, if loss, gradients and update are good. After a bad step, weights
 * and the rule's state are as they were.
 *
 * A fused kernel writes in place, so its inputs are measured before it runs, in the guard's one read. Every other step writes new
 * tensors. Its result is measured, and the former tensors return if it is bad.
 */
export function guardedStep(
  { optimizer, gate }: Pick<Assembly, "optimizer" | "gate">,
  guard: Guard,
): (loss: tf.Scalar, grads: TensorMap) => Promise<Inspected> {
  const hooks = optimizer.hooks.map(({ name }) => name);
  /** Number of steps that need no look at the weights, and how many parameters were seen in the last look. */
  let [trusted, known] = [0, 0];

  async function apply(
    loss: tf.Scalar,
    grads: TensorMap,
    fused: boolean,
    ahead?: HooksAhead,
  ): Promise<readonly string[]> {
    gate.fused = fused;
    try {
      if (fused) {
        optimizer.applyNamed(grads, loss, ahead?.hook);
        return [];
      }
    } catch (error) {
      if (!(error instanceof NotFused)) throw error;
    } finally {
      gate.fused = false;
    }
    return undoableStep(optimizer, () => optimizer.applyNamed(grads, loss, ahead?.hook));
  }

  return async (loss, grads) => {
    const { step } = optimizer;
    const bad = (loss: number, problem: string, fix: string): Inspected => {
      const update: BadStep["update"] = { problem, fix };
      return { loss, bad: { step, loss, gradients: [], spike: false, update } };
    };
    const fuse = gate.mayFuse();
    const ahead = fuse && hooks.length > 0 ? hooksAhead(optimizer, grads, loss) : undefined;
    try {
      // A hook may return any gradient in a step that it skips.
      const hooked = ahead && ahead.skip === false ? { hooked: ahead.grads } : {};
      const look = trusted === 0 || gate.largestRate > USUAL_RATE || optimizer.active.length !== known;
      const inputs = fuse ? { ...hooked, hooks, ...(look ? { weights: weightsOf(optimizer.active) } : {}) } : undefined;
      const seen = await guard.inspect(step, loss, grads, inputs);
      known = optimizer.active.length;
      trusted = seen.small !== true ? 0 : look ? STEPS_BETWEEN_LOOKS : trusted - 1;
      if (seen.bad) return seen;
      try {
        // If a hook skips on the host, the rule does not run, so there is nothing to undo.
        const fused = fuse && (ahead?.skip === true || (seen.small === true && ahead?.skip !== "device"));
        const wrong = await apply(loss, grads, fused, ahead);
        if (wrong.length === 0) return seen;
        const after = hooks.length > 0 ? `the hooks (${formatNames(hooks)}) and the rule` : "the rule";
        return bad(
          seen.loss,
          `The update makes ${formatNames(wrong)} infinite or NaN`,
          `Loss and gradient are finite; ${after} made the update. Lower the learning rate, and check the options of the rule.`,
        );
      } catch (error) {
        if (!(error instanceof BadRate)) throw error;
        return bad(seen.loss, error.message.split("\n")[0] as string, error.hint);
      }
    } finally {
      ahead?.dispose();
    }
  };
}

function weightsOf(active: readonly Param[]): TensorMap {
  return Object.fromEntries(active.map(({ name, variable }) => [name, variable]));
}
