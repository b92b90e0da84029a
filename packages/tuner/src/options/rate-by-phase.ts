import { rateAt, type Schedule } from "@graftjs/core";
import { isSized, type RunLength, rateOfRun, type Sized } from "./rate-of-run.ts";

/** The start of a phase. */
interface Start {
  /** First epoch, counted from 0. */
  readonly epoch: number;
  /** The rate from there on. Undefined if the one before continues. */
  readonly learningRate?: number | Schedule;
}

/**
 * Returns the rate of a run whose phases may have rates of their own. Each of these begins with its own step 0, and takes the length up to the
 * next one if it has none.
 *
 * @param rate of the epochs before.
 * @throws OptionsError with both lengths if a schedule has another one than its phase.
 */
export function rateByPhase(
  rate: number | Schedule,
  phases: readonly Start[],
  { epochs, stepsPerEpoch }: RunLength,
): number | Schedule {
  const own = phases.filter(({ epoch, learningRate }) => learningRate !== undefined && epoch < epochs);
  if (own.length === 0) return rateOfRun(rate, { epochs, stepsPerEpoch });
  // Of two rates for the same epoch, the later entry counts.
  const byEpoch = new Map([[0, rate], ...own.map(({ epoch, learningRate = 0 }) => [epoch, learningRate] as const)]);
  const starts = [...byEpoch].sort(([a], [b]) => a - b);
  const parts = starts.map(([epoch, own], i) => {
    const length = { epochs: (starts[i + 1]?.[0] ?? epochs) - epoch, stepsPerEpoch };
    return { from: epoch * stepsPerEpoch, rate: rateOfRun(own, length, `the phase from epoch ${epoch} on`) };
  });
  return joined(parts);
}

interface Part {
  /** First step. */
  readonly from: number;
  readonly rate: number | Schedule;
}

/** The length of the last part follows from that of the run, so that a run may resume with more epochs. */
function joined(parts: readonly Part[]): Schedule & Sized {
  const last = parts.at(-1) as Part;
  const forSteps = (steps: number): Schedule => {
    const rate = isSized(last.rate) ? last.rate.forSteps(Math.max(1, steps - last.from)) : last.rate;
    return joined([...parts.slice(0, -1), { ...last, rate }]);
  };
  const at = (step: number): number => {
    const { from, rate } = parts.findLast((part) => part.from <= step) as Part;
    return rateAt(rate, step - from);
  };
  return Object.assign(at, { steps: undefined, forSteps });
}
