import {
  type AnyHook,
  type AnyRule,
  gradientDescent,
  HookedOptimizer,
  type Param,
  type StepContext,
} from "@graftjs/core";
import { sampleGrads } from "./samples.ts";

/** A hook or rule under test. */
export interface Subject {
  readonly kind: "hook" | "rule";
  /** Makes a fresh hook or rule, with `options` or with the defaults of the author's factory. */
  make(options?: unknown): AnyHook | AnyRule;
  /** Makes an optimizer that contains a fresh hook or rule. @param learningRate @default 0.05 */
  optimizer(params: readonly Param[], learningRate?: number): HookedOptimizer;
}

/** Makes the subject of a hook. Its optimizer uses plain gradient descent. */
export function hookSubject(make: (options?: unknown) => AnyHook): Subject {
  return {
    kind: "hook",
    make,
    optimizer: (params, learningRate = 0.05) =>
      new HookedOptimizer({ params, hooks: [make()], rule: gradientDescent(), learningRate }),
  };
}

/** Makes the subject of an update rule. */
export function ruleSubject(make: (options?: unknown) => AnyRule): Subject {
  return {
    kind: "rule",
    make,
    optimizer: (params, learningRate = 0.05) => new HookedOptimizer({ params, rule: make(), learningRate }),
  };
}

/** Makes the context that the optimizer passes at a step. @param learningRate @default 0.05 */
export function contextOf(params: readonly Param[], step = 0, learningRate = 0.05): StepContext {
  return {
    step,
    learningRate,
    rates: Object.fromEntries(params.map(({ name }) => [name, learningRate])),
    params: Object.fromEntries(params.map(({ name, variable }) => [name, variable])),
    infos: params,
  };
}

/** Takes `steps` optimizer steps with sample gradients of the seeds `from`, `from + 1`, … */
export function takeSteps(optimizer: HookedOptimizer, steps: number, from = 0): void {
  for (let i = 0; i < steps; i++) {
    const grads = sampleGrads(optimizer.active, from + i);
    try {
      optimizer.applyNamed(grads);
    } finally {
      for (const grad of Object.values(grads)) if (!grad.isDisposed) grad.dispose();
    }
  }
}
