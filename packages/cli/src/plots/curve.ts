/** A curve over a logarithmic axis, with marked places. */
export interface CurvePlot {
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  /** Places on the x axis with a letter for the terminal and a name for the legend. */
  readonly marks: readonly { readonly x: number; readonly letter: string; readonly name: string }[];
  readonly xTitle: string;
  readonly yTitle: string;
}

/** Maps values to [0, 1]. */
export interface Scale {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly yRange: readonly [number, number];
}

/** Makes the scale of a plot. Values above twice the first value are cut off: a loss that diverges would flatten the rest. */
export function scaleOf({ xs, ys }: Pick<CurvePlot, "xs" | "ys">): Scale {
  const least = Math.min(...ys);
  const top = Math.min(Math.max(...ys), least + 2 * Math.max((ys[0] as number) - least, 1e-9));
  const [from, to] = [Math.log(xs[0] as number), Math.log(xs.at(-1) as number)];
  return {
    x: (value) => (Math.log(value) - from) / (to - from || 1),
    y: (value) => Math.min(1, Math.max(0, (value - least) / (top - least || 1))),
    yRange: [least, top],
  };
}

/** Returns the powers of ten between the ends of an axis. */
export function decades(from: number, to: number): readonly number[] {
  const first = Math.ceil(Math.log10(from) - 1e-9);
  const last = Math.floor(Math.log10(to) + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => 10 ** (first + i));
}

/** Formats a power of ten, or a rate with two digits: 1e-4, 0.032. */
export function rateText(rate: number): string {
  const rounded = Number(rate.toPrecision(2));
  return rounded < 1e-3 ? rounded.toExponential() : String(rounded);
}
