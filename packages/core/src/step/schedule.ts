/** Learning rate by step. A pure function, so that a resumed run reads the same rates. */
export type Schedule = (step: number) => number;

/** Returns the rate of `step`, from a number or a schedule. */
export function rateAt(rate: number | Schedule, step: number): number {
  return typeof rate === "number" ? rate : rate(step);
}
