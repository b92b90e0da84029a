import type { Cell } from "./cell.ts";

/** 97.5 % points of Student's t by degrees of freedom, from 1 on. */
const T = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26];

const REFERENCE = "usual recipe";

/** Mean, and half the width of the 95 % interval. The width is undefined for a single value. */
function interval(values: readonly number[]): { readonly mean: number; readonly half: number | undefined } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean, half: undefined };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, half: (T[values.length - 2] ?? 2) * Math.sqrt(variance / values.length) };
}

function text(values: readonly number[], digits: number, factor = 1): string {
  const { mean, half } = interval(values.map((value) => value * factor));
  return half === undefined ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${half.toFixed(digits)}`;
}

/** Returns the cells of each task as a markdown table: means over the seeds, and 95 % intervals of the paired differences. */
export function tables(cells: readonly Cell[]): string {
  return [...new Set(cells.map(({ task }) => task))]
    .map((task) =>
      table(
        task,
        cells.filter((one) => one.task === task),
      ),
    )
    .join("\n");
}

function table(task: string, cells: readonly Cell[]): string {
  const reference = cells.filter(({ method }) => method === REFERENCE);
  const rows = [...new Set(cells.map(({ method }) => method))].map((method) => {
    const own = cells.filter((one) => one.method === method);
    const column = (key: "testAccuracy" | "shiftedAccuracy" | "testLoss" | "kept" | "seconds" | "peakBytes") =>
      own.map((one) => one[key]);
    const against = (key: "testAccuracy" | "shiftedAccuracy"): string => {
      const differences = own.flatMap((one) => {
        const other = reference.find(({ seed }) => seed === one.seed);
        return other && method !== REFERENCE ? [one[key] - other[key]] : [];
      });
      return differences.length > 0 ? text(differences, 1, 100) : "–";
    };
    const gap = own.map(({ trainAccuracy, testAccuracy }) => trainAccuracy - testAccuracy);
    return [
      ...[method, text(column("testAccuracy"), 1, 100), against("testAccuracy")],
      ...[text(column("shiftedAccuracy"), 1, 100), against("shiftedAccuracy")],
      ...[text(column("testLoss"), 2), text(gap, 1, 100), text(column("kept"), 1, 100)],
      ...[text(column("seconds"), 0), text(column("peakBytes"), 0, 1e-6)],
    ];
  });
  const head = [
    "method",
    "test %",
    "Δ usual",
    "shifted %",
    "Δ usual",
    "test loss",
    "gap, points",
    "old answers kept %",
    "seconds",
    "peak MB",
  ];
  const seeds = new Set(cells.map(({ seed }) => seed)).size;
  const lines = [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`);
  return `## ${task}, ${seeds} seed(s)\n\n${lines.join("\n")}\n`;
}
