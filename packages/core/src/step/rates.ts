import { OptionsError } from "../errors.ts";
import type { ParamInfo } from "../params/params.ts";
import { matcher, type Select, type Selector } from "../params/select.ts";
import { rateAt, type Schedule } from "./schedule.ts";

/** A factor on the learning rate of some parameters, constant or by step. */
export interface RateMultiplier {
  readonly params: Selector;
  readonly factor: number | Schedule;
}

/** Returns each parameter's own rate at a step, by name. */
export type RatesAt = (step: number, learningRate: number) => { readonly [name: string]: number };

/** @throws SelectionError if a multiplier matches nothing; OptionsError if its factor is negative or not a number. */
export function ratesOf(params: readonly ParamInfo[], multipliers: readonly RateMultiplier[]): RatesAt {
  const compiled = multipliers.map(({ params: selector, factor }) => {
    if (typeof factor !== "function" && !(factor >= 0 && Number.isFinite(factor))) {
      throw new OptionsError(
        `The factor of a rate multiplier is ${factor}.`,
        "`factor` is a number ≥ 0, or a schedule: (step) => number.",
      );
    }
    return { select: matcher(params, selector, "A rate multiplier"), factor };
  });
  const factorsOf = params.map((param) => ({
    name: param.name,
    factors: compiled.filter(({ select }: { select: Select }) => select(param)).map(({ factor }) => factor),
  }));
  return (step, learningRate) => {
    const rates: Record<string, number> = Object.create(null);
    for (const { name, factors } of factorsOf) {
      rates[name] = factors.reduce<number>((rate, factor) => rate * rateAt(factor, step), learningRate);
    }
    return rates;
  };
}

/** @throws OptionsError if `rate` is neither a number ≥ 0 nor a schedule. */
export function assertRate(rate: number | Schedule): void {
  if (typeof rate === "function" || (typeof rate === "number" && rate >= 0 && Number.isFinite(rate))) return;
  throw new OptionsError(`learningRate is ${rate}.`, "Give a number ≥ 0, or a schedule: (step) => number.");
}
