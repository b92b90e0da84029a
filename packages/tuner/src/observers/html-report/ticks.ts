/** Returns about `count` round numbers (1, 2 or 5 times a power of ten apart) that cover `low` to `high`, ends included. */
export function roundTicks(low: number, high: number, count: number): readonly number[] {
  const rough = (high - low) / count || Math.abs(high) / count || 1 / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.floor(low / step);
  const last = Math.max(first + 1, Math.ceil(high / step));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
