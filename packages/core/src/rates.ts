import { OptionsError } from "./errors.ts";
import type { ParamInfo } from "./params.ts";
import { rateAt, type Schedule } from "./schedule.ts";
import { matcher, type Select, type Selector } from "./select.ts";

/** A factor on the learning rate of some parameters, constant or by step. */
export interface RateMultiplier {
  readonly on: Selector;
  readonly by: number | Schedule;
}

/** Each parameter's own rate at a step, by name. */
export type RatesAt = (step: number, learningRate: number) => { readonly [name: string]: number };

/** @throws SelectionError where a multiplier matches nothing; OptionsError where its factor is negative or no number. */
export function ratesOf(params: readonly ParamInfo[], multipliers: readonly RateMultiplier[]): RatesAt {
  const compiled = multipliers.map(({ on, by }) => {
    if (typeof by !== "function" && !(by >= 0 && Number.isFinite(by))) {
      throw new OptionsError(`A rate multiplier is ${by}.`, "`by` is a number ≥ 0, or a schedule: (step) => number.");
    }
    return { select: matcher(params, on, "A rate multiplier"), by };
  });
  const own = params.map((param) => ({
    name: param.name,
    factors: compiled.filter(({ select }: { select: Select }) => select(param)).map(({ by }) => by),
  }));
  return (step, learningRate) => {
    const rates: Record<string, number> = Object.create(null);
    for (const { name, factors } of own) {
      rates[name] = factors.reduce<number>((rate, by) => rate * rateAt(by, step), learningRate);
    }
    return rates;
  };
}

/** @throws OptionsError where `rate` is neither a number ≥ 0 nor a schedule. */
export function assertRate(rate: number | Schedule): void {
  if (typeof rate === "function" || (typeof rate === "number" && rate >= 0 && Number.isFinite(rate))) return;
  throw new OptionsError(`learningRate is ${rate}.`, "A number ≥ 0, or a schedule: (step) => number.");
}
