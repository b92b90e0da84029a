import { type AnyRule, NonFiniteError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Rates above this are left to steps that can be undone. */
const LARGEST_RATE = 1e6;

/** The fused kernel cannot take this step. Nothing was written. */
export class NotFused extends Error {
  override name = "NotFused";
}

/** A rate is NaN or infinite. Nothing was written. */
export class BadRate extends NonFiniteError {
  override name = "BadRate";
}

/** A rule whose fused kernel runs only on request. It has the name and the state of the rule that it wraps. */
export interface UpdateGate {
  readonly rule: AnyRule;
  /** Whether the next step must be fused. If the rule or the backend cannot, that step throws {@link NotFused}. */
  fused: boolean;
  /** The largest rate of the last step. Infinity before the first one. */
  readonly largestRate: number;
  /** Whether a fused step is worth a try on the current backend. False after one was refused for lack of a kernel. */
  mayFuse(): boolean;
}

/** Wraps a rule, so that a step in place happens only after its inputs were checked. A rate that is not finite throws BadRate. */
export function updateGate(rule: AnyRule): UpdateGate {
  let lacking: string | undefined;
  let largestRate = Number.POSITIVE_INFINITY;
  const gate: UpdateGate = {
    rule: {
      name: rule.name,
      terminal: true,
      ...(rule.stateVersion === undefined ? {} : { stateVersion: rule.stateVersion }),
      init: (params, infos) => rule.init(params, infos),
      transform(grads, state, ctx) {
        assertRates(ctx.rates);
        if (gate.fused) throw new NotFused();
        return rule.transform(grads, state, ctx);
      },
      applyFused(variables, grads, state, ctx) {
        assertRates(ctx.rates);
        if (!gate.fused) return undefined;
        largestRate = Object.values(ctx.rates).reduce((most, rate) => Math.max(most, Math.abs(rate)), 0);
        if (largestRate > LARGEST_RATE) throw new NotFused();
        const out = rule.applyFused?.(variables, grads, state, ctx);
        if (!out) lacking = tf.getBackend();
        return out;
      },
    },
    fused: false,
    get largestRate() {
      return largestRate;
    },
    mayFuse: () =>
      rule.applyFused !== undefined &&
      lacking !== tf.getBackend() &&
      tf.getKernel("GraftGlobalNorm", tf.getBackend()) !== undefined,
  };
  return gate;
}

function assertRates(rates: Readonly<Record<string, number>>): void {
  for (const [name, rate] of Object.entries(rates)) {
    if (!Number.isFinite(rate)) {
      throw new BadRate(`The learning rate of \`${name}\` is ${rate}`, "Check the schedule and the rate multipliers.");
    }
  }
}
