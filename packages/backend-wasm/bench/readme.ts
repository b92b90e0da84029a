/** Writes the measured figures into README.md between its markers: `tsx bench/readme.ts`. Each bench does this at its end. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";

type Times = Readonly<Record<string, { readonly median: number }>>;
interface Results {
  readonly absent: readonly string[];
  readonly nets: Readonly<Record<string, Times>>;
}
interface Figures {
  readonly startUp: { readonly median: number };
  readonly nets: Readonly<
    Record<string, { readonly forward: number; readonly backward: number; readonly ratio: number }>
  >;
  readonly optimizers: Readonly<Record<string, { readonly timesCopy: number }>>;
}
interface Pool {
  readonly nets: Readonly<Record<string, Readonly<Record<"alone" | "contended", { readonly ratio: number }>>>>;
}

const read = <T>(name: string): T | undefined => {
  const file = new URL(name, import.meta.url);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as T) : undefined;
};

const steps = read<Results>("results.json");
if (steps) {
  const peers = [...new Set(Object.values(steps.nets).flatMap((times) => Object.keys(times)))];
  write("steps", [
    `| net, batch 8 | ${peers.join(" | ")} |`,
    `|---|${peers.map(() => "---").join("|")}|`,
    ...Object.entries(steps.nets).map(
      ([net, times]) =>
        `| ${net} | ${peers.map((peer) => (times[peer] ? times[peer].median.toFixed(0) : "")).join(" | ")} |`,
    ),
    ...(steps.absent.length > 0 ? ["", `Absent: ${steps.absent.join("; ")}.`] : []),
  ]);
}
const figures = read<Figures>("figures.json");
const pool = read<Pool>("pool.json");
if (figures && pool) {
  write("figures", [
    "| one thread | |",
    "|---|---|",
    ...Object.entries(figures.nets).map(
      ([net, { forward, backward, ratio }]) =>
        `| ${net}, backward against forward | ${ratio.toFixed(2)}× (${forward.toFixed(0)} and ${backward.toFixed(0)} ms) |`,
    ),
    ...Object.entries(figures.optimizers).map(
      ([name, { timesCopy }]) =>
        `| \`${name}\` step against a copy of the bytes that it must touch | ${timesCopy.toFixed(2)}× |`,
    ),
    `| start-up in Node, median of 10 | ${figures.startUp.median.toFixed(0)} ms |`,
    ...Object.entries(pool.nets).map(
      ([net, { alone, contended }]) =>
        `| ${net}, time of two threads against one | ${alone.ratio.toFixed(2)}; beside a busy loop on each core ${contended.ratio.toFixed(2)} |`,
    ),
  ]);
}

function write(name: string, lines: readonly string[]): void {
  const path = new URL("../README.md", import.meta.url);
  const text = readFileSync(path, "utf8");
  const marker = new RegExp(`(<!-- bench:${name} -->\n)[\\s\\S]*?(\n<!-- /bench -->)`);
  if (!marker.test(text)) throw new Error(`README.md has no marker bench:${name}.`);
  writeFileSync(
    path,
    text.replace(marker, (_, open: string, close: string) => open + lines.join("\n") + close),
  );
}
