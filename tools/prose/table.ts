import type { Passage } from "./passage.ts";
import { type Counts, count, HABITS, keeps, rate } from "./rates.ts";

/** Name of the part of the repository that a file belongs to: its package, `examples`, `tools` or `docs`. */
export function partOf(file: string): string {
  const [top = "", second = ""] = file.split("/");
  if (top === "packages") return `${top}/${second}`;
  return top === "examples" || top === "tools" ? top : "docs";
}

/** Writes words and rates per 1,000 words as a table: a row for each part of the repository, then one for all of it. */
export function table(passages: readonly Passage[]): string {
  const names = [...new Set(passages.map(({ file }) => partOf(file)))].sort();
  const rows = names.map((name) => row(name, count(passages.filter(({ file }) => partOf(file) === name))));
  return [header(), ...rows, row("all", count(passages))].join("\n");
}

function header(): string {
  const limits = HABITS.map(({ name, limit }) => {
    const bound = "max" in limit ? `≤ ${limit.max}` : `≥ ${limit.min}`;
    return `${name} ${bound}`.padStart(13);
  });
  return `${"per 1,000 words".padEnd(26)}${"words".padStart(8)}${limits.join("")}`;
}

function row(name: string, { words, uses }: Counts): string {
  const rates = HABITS.map((habit, i) => {
    const value = rate(uses[i] ?? 0, words);
    return `${keeps(habit, value) ? "" : "! "}${value.toFixed(2)}`.padStart(13);
  });
  return `${name.padEnd(26)}${String(words).padStart(8)}${rates.join("")}`;
}
