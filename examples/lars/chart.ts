/** Draws curves over epochs on a logarithmic axis, one letter per curve. `*` marks a point that two curves share. */
export function chart(curves: Readonly<Record<string, readonly number[]>>, rows = 10): string {
  const logs = Object.values(curves).map((values) => values.map(Math.log10));
  const finite = logs.flat().filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
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
