/** Curves over epochs on a logarithmic axis, one letter each, `*` where two meet. */
export function chart(curves: Readonly<Record<string, readonly number[]>>, rows = 10): string {
  const logs = Object.values(curves).map((values) => values.map(Math.log10));
  const all = logs.flat().filter(Number.isFinite);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const epochs = Math.max(...logs.map(({ length }) => length));
  const grid = Array.from({ length: rows }, () => Array<string>(epochs * 4).fill(" "));
  Object.keys(curves).forEach((letter, i) => {
    logs[i]?.forEach((value, epoch) => {
      const line = grid[Math.round(((high - value) / (high - low || 1)) * (rows - 1))];
      if (line) line[epoch * 4] = line[epoch * 4] === " " ? letter : "*";
    });
  });
  return grid
    .map(
      (line, i) =>
        `${(10 ** (high - ((high - low) * i) / (rows - 1))).toFixed(3).padStart(7)} │ ${line.join("").trimEnd()}`,
    )
    .join("\n");
}
