import { type AnyHook, chain, type HookedOptimizer, type StateTree, type TensorMap, visitTensors } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** The result of the hooks, before the rule runs. */
export interface HooksAhead {
  readonly grads: TensorMap;
  /** Whether a hook skips this step. "device" if only the device knows. */
  readonly skip: boolean | "device";
  /** Give it to `optimizer.applyNamed`: returns the result without running the hooks again. */
  readonly hook: AnyHook;
  /** Frees everything that the optimizer did not take over. */
  dispose(): void;
}

/** Runs the optimizer's hooks without taking a step, so that the result can be read before a fused kernel writes the weights. */
export function hooksAhead(optimizer: HookedOptimizer, grads: TensorMap, loss: tf.Scalar): HooksAhead {
  const hooks = chain(...optimizer.hooks);
  const given = new Set<tf.Tensor>([...Object.values(grads), ...optimizer.params.map(({ variable }) => variable)]);
  let out: ReturnType<AnyHook["transform"]> | undefined;
  optimizer.applyNamed(grads, loss, {
    ...hooks,
    transform(grads, state, ctx) {
      out = hooks.transform(grads, state, ctx);
      for (const tensor of tensorsIn(out)) if (!given.has(tensor)) tf.keep(tensor);
      return { grads, state, skip: true };
    },
  });
  const result = out as unknown as ReturnType<AnyHook["transform"]>;
  return {
    grads: result.grads,
    skip: result.skip instanceof tf.Tensor ? "device" : (result.skip ?? false),
    hook: { ...hooks, transform: () => result },
    dispose() {
      const taken = new Set(tensorsOf(optimizer.state?.hooks ?? null));
      for (const tensor of tensorsIn(result)) if (!given.has(tensor) && !taken.has(tensor)) tensor.dispose();
    },
  };
}

function tensorsIn({ grads, state, skip }: ReturnType<AnyHook["transform"]>): tf.Tensor[] {
  return [...Object.values(grads), ...tensorsOf(state as StateTree), ...(skip instanceof tf.Tensor ? [skip] : [])];
}

function tensorsOf(tree: StateTree): tf.Tensor[] {
  const found: tf.Tensor[] = [];
  visitTensors(tree, (tensor) => void found.push(tensor));
  return found;
}
