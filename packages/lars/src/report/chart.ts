import type { LarsReport, LarsReportRow } from "./lars-report.ts";

type Charted = Pick<LarsReport, "step" | "rows" | "others">;
const BAR = 24;
const HEADS = ["parameter", "‖w‖", "‖g‖", "ratio", "rate", "change"] as const;

/** Formats a table with one bar per row. The bar shows the relative change per step on a logarithmic scale. */
export function textChart(report: Charted): string {
  const length = scaleOf(report.rows, BAR);
  const lines = report.rows.map((row) => ({ cells: cellsOf(row), bar: "█".repeat(length(row)), mark: row.mark ?? "" }));
  const widths = HEADS.map((head, i) =>
    Math.max(head.length, ...lines.map(({ cells }) => (cells[i] as string).length)),
  );
  const line = (cells: readonly string[], rest: string): string =>
    [...cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number))), rest]
      .join("  ")
      .trimEnd();
  return [
    caption(report),
    line(HEADS, "per step, log scale"),
    ...lines.map(({ cells, bar, mark }) => line(cells, mark ? `${bar} ${mark}` : bar)),
  ].join("\n");
}

/** Formats the same chart as one SVG element. The text has the color of the page; marked bars are red or gray. */
export function svgChart(report: Charted): string {
  const length = scaleOf(report.rows, 200);
  const width = Math.max(...report.rows.map(({ name }) => name.length), 9) * 7.5;
  const colors = { exploding: "#c0392b", stuck: "#95a5a6" } as const;
  const columns = HEADS.slice(1).map((_, i) => width + 80 * (i + 1));
  const right = width + 80 * (HEADS.length - 1) + 16;
  const row = (cells: readonly string[], y: number, bar: string): string =>
    `<text x="8" y="${y}">${escaped(cells[0] as string)}</text>${columns
      .map((x, i) => `<text x="${x}" y="${y}" text-anchor="end">${cells[i + 1]}</text>`)
      .join("")}${bar}`;
  const bars = report.rows.map((entry, i) => {
    const y = 62 + 20 * i;
    const [long, mark] = [
      length(entry),
      entry.mark ? `<text x="${right + length(entry) + 6}" y="${y}">${entry.mark}</text>` : "",
    ];
    const fill = entry.mark ? colors[entry.mark] : "#2980b9";
    return row(
      cellsOf(entry),
      y,
      `<rect x="${right}" y="${y - 11}" width="${long}" height="12" fill="${fill}"/>${mark}`,
    );
  });
  const size = `viewBox="0 0 ${right + 290} ${62 + 20 * report.rows.length}" width="${right + 290}"`;
  const title = `<title>Relative change of each layer</title><text x="8" y="18">${escaped(caption(report))}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="monospace" font-size="12" fill="currentColor">${title}${row(HEADS, 42, "")}${bars.join("")}</svg>`;
}

function caption({ step, rows, others }: Charted): string {
  const marked = (mark: string): number => rows.filter((row) => row.mark === mark).length;
  return `step ${step}: ${rows.length} scaled, ${others} not; ${marked("stuck")} stuck, ${marked("exploding")} exploding`;
}

function cellsOf({ name, weightNorm, gradNorm, ratio, rate, change }: LarsReportRow): readonly string[] {
  return [name, ...[weightNorm, gradNorm, ratio, rate].map((x) => x.toPrecision(3)), percent(change)];
}

function percent(x: number): string {
  return Number.isFinite(x) ? `${(100 * x).toPrecision(2)} %` : String(x);
}

/**
 * Returns a function that computes the length of a bar, from 1 to `longest`. The scale spans at least three decades. The
 * length is 0 for no change and `longest` for a change that is not finite.
 */
function scaleOf(rows: readonly LarsReportRow[], longest: number): (row: LarsReportRow) => number {
  const logs = rows.map(({ change }) => Math.log10(change)).filter(Number.isFinite);
  const high = Math.max(...logs);
  // Without at least three decades, rows that differ by a percent would look very different.
  const low = Math.min(high - 3, ...logs);
  return ({ change }) => {
    if (change === 0) return 0;
    if (!Number.isFinite(change)) return longest;
    return Math.round(1 + ((Math.log10(change) - low) / (high - low)) * (longest - 1));
  };
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
