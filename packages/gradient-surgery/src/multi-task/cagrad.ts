import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { solveQuadraticProgram } from "./quadratic-program.ts";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

/** Options of {@link cagrad}. */
export interface CagradOptions extends WeighingOptions {
  /** Radius of the ball around the mean gradient, relative to its norm, in [0, 1). 0 gives the mean. @default 0.5 */
  readonly c?: number;
}

/** Schema of {@link CagradOptions}. */
export const cagradOptions: OptionsSchema<CagradOptions, "c"> = optionsSchema<CagradOptions, "c">({
  c: {
    type: "number",
    minimum: 0,
    exclusiveMaximum: 1,
    default: 0.5,
    description: "Radius around the mean gradient, relative to its norm",
  },
  granularity: granularityOption,
});

/** If ‖g_w‖ is below this share of √trace G, the point counts as Pareto stationary, as in TorchJD. */
const STATIONARY = 1e-4;

/**
 * Searches a ball around the mean gradient g₀ for the update that helps the worst task most: CAGrad (Liu et al. 2021,
 * algorithm 1). The update is g₀ + c‖g₀‖·g_w/‖g_w‖, and w minimizes g_w·g₀ + c‖g₀‖‖g_w‖ over the simplex.
 *
 * The update is not rescaled by 1/(1 + c²), as in some implementations. At a Pareto-stationary point all weights are 0. The
 * combiner has no state.
 *
 * @throws OptionsError if an option is unknown or out of range.
 */
export function cagrad(options: CagradOptions = {}): WeighingCombiner<null> {
  const { c } = cagradOptions.parse("cagrad", options);
  return weighingCombiner("cagrad", options, (gram) => {
    const m = Math.sqrt(gram.length);
    const mean = new Float64Array(m).fill(1 / m);
    const trace = gram.reduce((sum, value, k) => (k % (m + 1) === 0 ? sum + value : sum), 0);
    if (c === 0 || trace === 0) return mean;
    const G = gram.map((value) => value / trace);
    const b = product(G, mean);
    const radius = c * Math.sqrt(Math.max(quadratic(G, mean), 0));
    if (radius === 0) return mean;
    const w = worstCase(G, b, radius);
    const norm = Math.sqrt(Math.max(quadratic(G, w), 0));
    if (norm < STATIONARY) return new Float64Array(m);
    return mean.map((share, i) => share + (radius / norm) * (w[i] as number));
  });
}

/**
 * Minimizes bᵀw + r‖w‖_G over the simplex. Because ‖w‖ is the minimum of (‖w‖²/t + t)/2 over t > 0, this is a quadratic
 * program for each t. The best t satisfies t = ‖w_t‖. Regula falsi (Illinois) finds it in log t.
 */
function worstCase(G: Float64Array, b: Float64Array, radius: number): Float64Array {
  const sum = new Float64Array(b.length).fill(1);
  let w: Float64Array = sum;
  const excess = (log: number): number => {
    const t = Math.exp(log);
    w = solveQuadraticProgram({ P: G, q: b.map((v) => (v * t) / radius), sum });
    return log - 0.5 * Math.log(Math.max(quadratic(G, w), 1e-300));
  };
  let [low, high] = [Math.log(STATIONARY / 2), 0];
  let below = excess(low);
  if (below >= 0) return w;
  let above = excess(high);
  let side = 0;
  for (let i = 0; i < 100; i++) {
    const middle = (low * above - high * below) / (above - below);
    const value = excess(middle);
    if (Math.abs(value) < 1e-10 || high - low < 1e-10) break;
    // Illinois: the value of an end that stays twice is halved. Otherwise that end could stay forever.
    if (value < 0) {
      if (side < 0) above /= 2;
      [low, below, side] = [middle, value, -1];
    } else {
      if (side > 0) below /= 2;
      [high, above, side] = [middle, value, 1];
    }
  }
  return w;
}

function product(G: Float64Array, w: Float64Array): Float64Array {
  const m = w.length;
  return w.map((_, i) => w.reduce((sum, v, j) => sum + (G[i * m + j] as number) * v, 0));
}

function quadratic(G: Float64Array, w: Float64Array): number {
  return product(G, w).reduce((sum, v, i) => sum + v * (w[i] as number), 0);
}
