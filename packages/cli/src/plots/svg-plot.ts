import { type CurvePlot, decades, rateText, scaleOf } from "./curve.ts";

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 400, 64, 24, 24, 56];
const COLOURS = ["#c62828", "#2e7d32", "#6a1b9a", "#ef6c00"];

/** Draws a curve as an SVG file with axes, ticks and a legend. Colours follow a dark or light page. */
export function svgPlot(plot: CurvePlot): string {
  const scale = scaleOf(plot);
  const x = (value: number): string => (LEFT + scale.x(value) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (value: number): string => (TOP + (1 - scale.y(value)) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const [least, top] = scale.yRange;
  const bottom = HEIGHT - BOTTOM;
  const xTicks = decades(plot.xs[0] as number, plot.xs.at(-1) as number).map(
    (tick) =>
      `<path class="tick" d="M${x(tick)} ${TOP}V${bottom}"/><text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${rateText(tick)}</text>`,
  );
  const yTicks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const value = least + share * (top - least);
    return `<path class="tick" d="M${LEFT} ${y(value)}H${WIDTH - RIGHT}"/><text x="${LEFT - 8}" y="${y(value)}" dy="4" text-anchor="end">${value.toPrecision(3)}</text>`;
  });
  const points = plot.xs.map((value, i) => `${x(value)} ${y(plot.ys[i] as number)}`).join("L");
  const marks = plot.marks.map(({ x: value, name }, i) => {
    const colour = COLOURS[i % COLOURS.length] as string;
    const row = TOP + 14 + 16 * i;
    return `<path d="M${x(value)} ${TOP}V${bottom}" stroke="${colour}" stroke-dasharray="4 3"/><text x="${LEFT + 8}" y="${row}" style="fill:${colour}">${escaped(name)} ${rateText(value)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="none">
<style>text{fill:#333}.tick{stroke:#8884}.curve{stroke:#1565c0;stroke-width:2}@media(prefers-color-scheme:dark){text{fill:#ddd}.curve{stroke:#64b5f6}}</style>
${[...xTicks, ...yTicks].join("\n")}
<path class="curve" d="M${points}"/>
${marks.join("\n")}
<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${escaped(plot.xTitle)}</text>
<text transform="rotate(-90)" x="${-(TOP + bottom) / 2}" y="16" text-anchor="middle">${escaped(plot.yTitle)}</text>
</svg>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
