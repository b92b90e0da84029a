import type { Wire } from "../src/node.ts";

/** Bits after the binary point, the smallest exponent, and the largest number, by format. */
const FORMATS: Readonly<Record<Wire, readonly [digits: number, smallest: number, largest: number]>> = {
  float32: [23, -126, 2 ** 128 - 2 ** 104],
  float16: [10, -14, 65504],
  bfloat16: [7, -126, 2 ** 128 - 2 ** 120],
};

/** Rounds a number to the nearest of a format, ties to even, by its definition and without bits. */
export function nearest(wire: Wire, value: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const [digits, smallest, largest] = FORMATS[wire];
  const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(value))), smallest) - digits);
  const units = value / unit;
  const down = Math.floor(units);
  const rest = units - down;
  const whole = rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down;
  if (Math.abs(whole * unit) > largest) return value > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return whole === 0 && value < 0 ? -0 : whole * unit;
}
