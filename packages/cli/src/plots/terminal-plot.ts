import { type CurvePlot, decades, rateText, scaleOf } from "./curve.ts";

/** Draws a curve with characters. Each mark is a column of its letter below the curve. @returns lines that end in "\n" */
export function terminalPlot(plot: CurvePlot, width = 64, height = 14): string {
  const scale = scaleOf(plot);
  const column = (x: number): number => Math.round(scale.x(x) * (width - 1));
  const row = (y: number): number => Math.round((1 - scale.y(y)) * (height - 1));
  const grid = Array.from({ length: height }, () => Array<string>(width).fill(" "));
  const put = (r: number, c: number, character: string): void => {
    if (grid[r]?.[c] !== undefined) (grid[r] as string[])[c] = character;
  };
  for (const [i, x] of plot.xs.entries()) put(row(plot.ys[i] as number), column(x), "•");
  for (const { x, letter } of plot.marks)
    for (let r = 0; r < height; r++)
      if (grid[r]?.[column(x)] === " ") put(r, column(x), r === height - 1 ? letter : ":");
  const [least, top] = scale.yRange;
  const labels = grid.map((_, r) => {
    const value = top - ((top - least) * r) / (height - 1);
    return r % 4 === 0 || r === height - 1 ? value.toPrecision(3) : "";
  });
  const margin = Math.max(...labels.map(({ length }) => length));
  const axis = Array<string>(width + 8).fill(" ");
  let free = 0;
  for (const tick of decades(plot.xs[0] as number, plot.xs.at(-1) as number)) {
    const [at, label] = [column(tick), rateText(tick)];
    if (at < free) continue;
    axis.splice(at, label.length, ...label);
    free = at + label.length + 1;
  }
  const legend = plot.marks.map(({ x, letter, name }) => `${letter} ${name} ${rateText(x)}`).join("   ");
  const lines = [
    `${" ".repeat(margin)} ${plot.yTitle}`,
    ...grid.map((cells, r) => `${(labels[r] as string).padStart(margin)} │${cells.join("").trimEnd()}`),
    `${" ".repeat(margin)} └${"─".repeat(width)}`,
    `${" ".repeat(margin + 2)}${axis.join("").trimEnd()}  ${plot.xTitle}`,
    ...(legend === "" ? [] : [`${" ".repeat(margin + 2)}${legend}`]),
  ];
  return `${lines.join("\n")}\n`;
}
