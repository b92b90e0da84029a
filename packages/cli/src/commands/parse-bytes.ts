import { UsageError } from "../terminal/usage-error.ts";

const UNITS = ["b", "kb", "mb", "gb", "tb"];

/** "1.5 GB" → 1.5e9, in powers of 1000 as plans print them; a bare number is bytes. @throws UsageError */
export function parseBytes(flag: string, text: string): number {
  const [, number, unit = "b"] = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?b)?\s*$/i.exec(text) ?? [];
  if (number === undefined) throw new UsageError(`${flag} is ${JSON.stringify(text)}.`, `Give bytes: ${flag} 800MB.`);
  return Math.round(Number(number) * 1000 ** UNITS.indexOf(unit.toLowerCase()));
}
