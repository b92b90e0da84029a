/** Learning rates that a curve suggests. NaN if the curve is too short to say. */
export interface RateEstimates {
  /** Centre of the window in which a line through the losses falls fastest. */
  readonly steep: number;
  /** A point in the longest stretch of falling losses: two thirds of its way. */
  readonly valley: number;
  /** A tenth of the rate with the smallest loss. */
  readonly minimum: number;
}

/** The curve of a search: the rates, in geometric order, and the smoothed loss at each. */
export interface Curve {
  readonly rates: readonly number[];
  readonly losses: readonly number[];
}

/** Number of values that estimates leave out at the end, because the loss diverges there. */
const LAST = 5;
/** Part of the steps that estimates leave out at the beginning, because the average knows few losses there. */
const FIRST = 0.1;

/**
 * Estimates good learning rates. `valley` and `minimum` are those of fastai (`fastai/callback/schedule.py`, 2.7), which also leaves out the
 * first tenth of the steps and the last five. fastai's `steep` is the largest difference of two neighbours; here it is the slope of
 * a line through a window, because one noisy batch must not decide.
 *
 * @param steps number of steps that the search was to take.
 */
export function estimateRates({ rates, losses }: Curve, steps: number): RateEstimates {
  const first = Math.min(Math.floor(steps * FIRST), Math.max(0, losses.length - 2 * LAST));
  const last = Math.max(first + 1, losses.length - LAST);
  const curve = { rates: rates.slice(first, last), losses: losses.slice(first, last) };
  const at = (index: number): number => curve.rates[index] ?? Number.NaN;
  return {
    steep: at(steepest(curve, Math.max(5, Math.round(steps / 8)))),
    valley: at(valley(curve.losses)),
    minimum: at(curve.losses.indexOf(Math.min(...curve.losses))) / 10,
  };
}

/** Returns the index in the middle of the window with the smallest least-squares slope of loss over log rate. */
export function steepest({ rates, losses }: Curve, window: number): number {
  const size = Math.min(window, losses.length);
  const xs = rates.map(Math.log);
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (let from = 0; from + size <= losses.length; from++) {
    const slope = slopeOf(xs.slice(from, from + size), losses.slice(from, from + size));
    if (slope < least) [best, least] = [from + Math.floor(size / 2), slope];
  }
  return best;
}

function slopeOf(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x0, y0] = [mean(xs), mean(ys)];
  const covariance = xs.reduce((sum, x, i) => sum + (x - x0) * ((ys[i] as number) - y0), 0);
  return covariance / xs.reduce((sum, x) => sum + (x - x0) ** 2, 0);
}

/** Returns the index that fastai's `valley` chooses: in the longest falling subsequence, after its first third and a half of the next. */
export function valley(losses: readonly number[]): number {
  const lengths = losses.map(() => 1);
  let end = 0;
  for (let i = 1; i < losses.length; i++) {
    for (let j = 0; j < i; j++)
      if ((losses[i] as number) < (losses[j] as number))
        lengths[i] = Math.max(lengths[i] as number, (lengths[j] as number) + 1);
    if ((lengths[i] as number) > (lengths[end] as number)) end = i;
  }
  const start = end - (lengths[end] as number);
  const section = (end - start) / 3;
  return Math.max(0, start + Math.trunc(section) + Math.trunc(section / 2));
}
