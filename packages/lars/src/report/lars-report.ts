import { type HookedOptimizer, OptionsError, StateError } from "@graftjs/core";
import type { TrustState } from "../trust/trust.ts";
import { trustStates } from "../trust/trust-states.ts";
import { svgChart, textChart } from "./chart.ts";

/** One adapted parameter in the last step. */
export interface LarsReportRow {
  readonly name: string;
  /** ‖w‖ before the step, or the norm of the group if a group shares the ratio. */
  readonly weightNorm: number;
  /** The norm that divided ‖w‖: of the gradient, of g + βw, or of the step, as the dialect defines. */
  readonly gradNorm: number;
  readonly ratio: number;
  /** Effective learning rate: γ · ratio. */
  readonly rate: number;
  /** Relative length of the step: rate · gradNorm / ‖w‖. If w is zero, the median ‖w‖ of all rows replaces ‖w‖. */
  readonly change: number;
  /** `stuck` if the change is below `stuckBelow`. `exploding` if it is above `explodingAbove` or not finite. */
  readonly mark?: "stuck" | "exploding";
}

/** The ratios of the last step, as data, text and SVG. */
export interface LarsReport {
  /** Steps taken so far. */
  readonly step: number;
  readonly rows: readonly LarsReportRow[];
  /** Number of parameters that kept ratio 1 or took no part in the step. */
  readonly others: number;
  /** Formats a table with bars, for a terminal. */
  toString(): string;
  /** Formats the same as an SVG element, for `element.innerHTML` or a file. */
  toSVG(): string;
}

/** Options of {@link larsReport}. */
export interface LarsReportOptions {
  /** Relative change per step below which a parameter is marked as stuck, ≥ 0. @default 1e-6 */
  readonly stuckBelow?: number;
  /** Relative change per step above which a parameter is marked as exploding, ≥ `stuckBelow`. @default 0.1 */
  readonly explodingAbove?: number;
}

/**
 * Reports the ratios of the last step. Each row has ‖w‖, ‖g‖, the ratio, the effective rate, and a mark if the parameter is
 * stuck or exploding. Print it with `console.log(String(await larsReport(optimizer)))`.
 *
 * It reads three vectors from the device. Call it between two steps.
 *
 * @throws StateError before the first step, or if the optimizer has no hook or rule of this package; OptionsError if the two
 *   limits are negative or in the wrong order.
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
      "The optimizer has no ratios to report.",
      "Use `lars`, `larsMomentum`, `lamb` or `lambc` in the optimizer, and take a step first.",
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

/** Reads the adapted parameters of one state. */
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
