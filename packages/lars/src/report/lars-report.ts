import { type HookedOptimizer, OptionsError, StateError } from "@graftjs/core";
import type { TrustState } from "../trust/trust.ts";
import { trustStates } from "../trust/trust-states.ts";
import { svgChart, textChart } from "./chart.ts";

/** One adapted parameter in one step. */
export interface LarsReportRow {
  readonly name: string;
  /** ‖w‖ before the step; of the group where a group shares a ratio. */
  readonly weightNorm: number;
  /** The norm that ‖w‖ was divided by: ‖g‖, ‖g + βw‖ or that of the step, as the dialect says. */
  readonly gradNorm: number;
  readonly ratio: number;
  /** Effective rate: γ · ratio. */
  readonly rate: number;
  /** Length of the step over ‖w‖, rate · gradNorm / ‖w‖; over the median ‖w‖ of all rows where w is zero. */
  readonly change: number;
  /** `stuck`: a change below `stuckBelow`. `exploding`: above `explodingAbove`, or a number that is not finite. */
  readonly mark?: "stuck" | "exploding";
}

export interface LarsReport {
  /** Steps taken so far. */
  readonly step: number;
  readonly rows: readonly LarsReportRow[];
  /** Parameters that kept ratio 1, or took no part in the step. */
  readonly others: number;
  /** Table and bars for a terminal. */
  toString(): string;
  /** The same as an SVG element, for `element.innerHTML` or a file. */
  toSVG(): string;
}

export interface LarsReportOptions {
  /** Relative change a step below which a parameter is marked stuck. @default 1e-6 */
  readonly stuckBelow?: number;
  /** Relative change a step above which it is marked exploding. @default 0.1 */
  readonly explodingAbove?: number;
}

/**
 * What the ratios of the last step were: per parameter ‖w‖, ‖g‖, ratio, effective rate, and whether it is stuck or exploding.
 * `console.log(String(await larsReport(optimizer)))`. Reads three vectors back; call it between steps, not within one.
 *
 * @throws StateError before the first step, and where neither hook nor rule is of this package; OptionsError where the
 *   bounds are no numbers ≥ 0 in order.
 */
export async function larsReport(
  optimizer: HookedOptimizer,
  { stuckBelow = 1e-6, explodingAbove = 0.1 }: LarsReportOptions = {},
): Promise<LarsReport> {
  if (!(stuckBelow >= 0 && stuckBelow <= explodingAbove)) {
    throw new OptionsError(
      `stuckBelow is ${stuckBelow} and explodingAbove ${explodingAbove}.`,
      "Give 0 ≤ stuckBelow ≤ explodingAbove.",
    );
  }
  const states = trustStates(optimizer);
  if (states.length === 0) {
    throw new StateError(
      "There are no ratios to report.",
      "Take a step first; and one hook or rule must be `lars`, `larsMomentum`, `lamb` or `lambc`.",
    );
  }
  const measured = (await Promise.all(states.map(measure))).flat();
  const known = measured.map(({ weightNorm }) => weightNorm).filter((norm) => norm > 0);
  const median = known.sort((a, b) => a - b)[Math.floor(known.length / 2)] ?? 1;
  const rows = measured.map((row): LarsReportRow => {
    const change = (row.rate * row.gradNorm) / (row.weightNorm > 0 ? row.weightNorm : median);
    const mark: LarsReportRow["mark"] = !(change <= explodingAbove)
      ? "exploding"
      : change < stuckBelow
        ? "stuck"
        : undefined;
    return { ...row, change, ...(mark ? { mark } : {}) };
  });
  const others = states.reduce((sum, { names }) => sum + names.length, -rows.length);
  const report = { step: optimizer.step, rows, others };
  return { ...report, toString: () => textChart(report), toSVG: () => svgChart(report) };
}

/** The adapted parameters of one state. */
async function measure(state: TrustState): Promise<Omit<LarsReportRow, "change" | "mark">[]> {
  const { names, rates, adapted } = state;
  const [ratios, weightNorms, gradNorms] = await Promise.all(
    [state.ratios, state.weightNorms, state.gradNorms].map((tensor) => tensor.data()),
  );
  return names.flatMap((name, i) => {
    const [ratio, weightNorm, gradNorm] = [ratios?.[i] as number, weightNorms?.[i] as number, gradNorms?.[i] as number];
    return adapted[i] ? [{ name, weightNorm, gradNorm, ratio, rate: (rates[i] as number) * ratio }] : [];
  });
}
