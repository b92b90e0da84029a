import { type Callback, type HookedOptimizer, OptionsError, rateAt, type Schedule } from "@graftjs/core";

/** The factors that callbacks put on the learning rate. It is a callback itself, so that checkpoints keep the factors. */
export interface RateFactors extends Callback {
  /** Replaces the factor of the callback with this name. */
  scale(name: string, factor: number): void;
}

/** @param learningRate the run's own rate or schedule, which the factors multiply. */
export function rateFactors(optimizer: HookedOptimizer, learningRate: number | Schedule): RateFactors {
  let factors: { readonly [callback: string]: number } = {};
  const apply = (): void => {
    const product = Object.values(factors).reduce((a, b) => a * b, 1);
    optimizer.learningRate = (step: number) => rateAt(learningRate, step) * product;
  };
  return {
    name: "rateFactors",
    scale(name, factor) {
      if (!(Number.isFinite(factor) && factor >= 0)) {
        throw new OptionsError(
          `The callback \`${name}\` scales the learning rate by ${factor}.`,
          "Give a finite number ≥ 0 to `scaleRate`.",
        );
      }
      factors = { ...factors, [name]: factor };
      apply();
    },
    save: async () => ({ json: factors, tensors: new Map() }),
    load({ json }) {
      factors = json as typeof factors;
      if (Object.keys(factors).length > 0) apply();
    },
  };
}
