import { escaped } from "./escaped.ts";
import { roundTicks } from "./ticks.ts";

/** Points of one curve, in order of x. */
export interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** More points than this do not show at the width of a page. */
const MOST_POINTS = 600;
const WIDTH = 480;
const HEIGHT = 200;
/** Space for the numbers of the axes. */
const MARGIN = { left: 52, right: 12, top: 8, bottom: 34 };

/** Draws curves over one x axis as SVG, with ticks on both axes. Values that are not finite are left out. Without any, returns "". */
export function chart(title: string, xTitle: string, curves: readonly Curve[]): string {
  const drawn = curves.map(({ name, points }) => ({
    name,
    points: thinned(points.filter((p) => p.every(Number.isFinite))),
  }));
  const all = drawn.flatMap(({ points }) => points);
  if (all.length === 0) return "";
  const ys = roundTicks(...extent(all.map(([, y]) => y)), 4);
  const [left, right] = extent(all.map(([x]) => x));
  // Epochs and steps are whole numbers.
  const xs = roundTicks(left, right, 6).filter((x) => Number.isInteger(x) && x >= left && x <= right);
  const [low, high] = [ys[0] as number, ys.at(-1) as number];
  const across = (x: number): number =>
    MARGIN.left + (right > left ? (x - left) / (right - left) : 0.5) * (WIDTH - MARGIN.left - MARGIN.right);
  const down = (y: number): number =>
    HEIGHT - MARGIN.bottom - ((y - low) / (high - low)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const yAxis = ys.map((y) => {
    const at = down(y).toFixed(1);
    return `<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at}" y2="${at}"/><text class="y" x="${MARGIN.left - 6}" y="${at}">${shown(y)}</text>`;
  });
  const xAxis = xs.map(
    (x) => `<text class="x" x="${across(x).toFixed(1)}" y="${HEIGHT - MARGIN.bottom + 16}">${x}</text>`,
  );
  const lines = drawn.map(({ points }, k) => {
    const path = points.map(([x, y]) => `${across(x).toFixed(1)},${down(y).toFixed(1)}`).join(" ");
    const [only] = points;
    // A line of one point does not show.
    return points.length === 1 && only
      ? `<circle class="curve c${k}" r="3" cx="${across(only[0]).toFixed(1)}" cy="${down(only[1]).toFixed(1)}"/>`
      : `<polyline class="curve c${k}" points="${path}"/>`;
  });
  const legend =
    drawn.length > 1 ? drawn.map(({ name }, k) => ` <span class="c${k}">${escaped(name)}</span>`).join("") : "";
  const label = `${escaped(title)} by ${xTitle}`;
  const xName = `<text class="x" x="${(WIDTH + MARGIN.left) / 2}" y="${HEIGHT - 4}">${xTitle}</text>`;
  return `<figure><figcaption>${escaped(title)}${legend}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">${yAxis.join("")}${xAxis.join("")}${xName}${lines.join("")}</svg></figure>`;
}

function extent(values: readonly number[]): [low: number, high: number] {
  return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
}

/** Averages neighbours if there are too many points. */
function thinned(points: Curve["points"]): Curve["points"] {
  const size = Math.ceil(points.length / MOST_POINTS);
  if (size <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => {
    const group = points.slice(i * size, (i + 1) * size);
    return [group.at(-1)?.[0] as number, group.reduce((sum, [, y]) => sum + y, 0) / group.length] as const;
  });
}

/** Writes a tick with few digits: 0.25, 1500, 2e-7. */
function shown(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5)
    ? value.toExponential().replace("e+", "e")
    : String(Number(value.toPrecision(6)));
}
