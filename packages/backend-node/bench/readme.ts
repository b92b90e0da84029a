/** Writes the measured step times into README.md, between its markers: `tsx bench/readme.ts`. The bench calls it at the end. */
import { readFileSync, writeFileSync } from "node:fs";

interface Row {
  readonly medianMs: number;
  readonly timesGraft: number;
}

const { results } = JSON.parse(readFileSync(new URL("results.json", import.meta.url), "utf8")) as {
  readonly results: Readonly<Record<string, Readonly<Record<string, Row>>>>;
};
const peers = [...new Set(Object.values(results).flatMap((row) => Object.keys(row)))];
const cell = (row: Row | undefined): string =>
  row ? `${row.medianMs.toFixed(0)} (${row.timesGraft.toFixed(2)}×)` : "";
const table = [
  `| net | ${peers.join(" | ")} |`,
  `|---|${peers.map(() => "---").join("|")}|`,
  ...Object.entries(results).map(([net, row]) => `| ${net} | ${peers.map((peer) => cell(row[peer])).join(" | ")} |`),
];

const path = new URL("../README.md", import.meta.url);
const text = readFileSync(path, "utf8");
const marker = /(<!-- bench:backend-node -->\n)[\s\S]*?(\n<!-- \/bench -->)/;
if (!marker.test(text)) throw new Error("README.md lacks the marker bench:backend-node.");
writeFileSync(
  path,
  text.replace(marker, (_, open: string, close: string) => open + table.join("\n") + close),
);
