import { type AnyHook, type AnyRule, descend, HookedOptimizer, type Param, type StepContext } from "@graftjs/core";
import { sampleGrads } from "./samples.ts";

/** A hook or a rule under test, and how to put it into an optimizer. */
export interface Subject {
  readonly kind: "hook" | "rule";
  /** A fresh one, with these options or with those the author's factory sets. */
  make(options?: unknown): AnyHook | AnyRule;
  optimizer(params: readonly Param[], learningRate?: number): HookedOptimizer;
}

export function hookSubject(make: (options?: unknown) => AnyHook): Subject {
  return {
    kind: "hook",
    make,
    optimizer: (params, learningRate = 0.05) =>
      new HookedOptimizer({ params, hooks: [make()], rule: descend(), learningRate }),
  };
}

export function ruleSubject(make: (options?: unknown) => AnyRule): Subject {
  return {
    kind: "rule",
    make,
    optimizer: (params, learningRate = 0.05) => new HookedOptimizer({ params, rule: make(), learningRate }),
  };
}

/** The context of step `step` over `params`. */
export function contextOf(params: readonly Param[], step = 0, learningRate = 0.05): StepContext {
  return {
    step,
    learningRate,
    rates: Object.fromEntries(params.map(({ name }) => [name, learningRate])),
    params: Object.fromEntries(params.map(({ name, variable }) => [name, variable])),
    infos: params,
  };
}

/** Takes `steps` steps over fresh sample gradients, the first with the seed `from`. */
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
