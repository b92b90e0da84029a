/** Writes the measured numbers into README.md, between its markers. Run `npx tsx packages/frozen-bn/bench/readme.ts`. */
import { readFileSync, writeFileSync } from "node:fs";

interface Row {
  readonly variant: string;
  readonly milliseconds: number;
  readonly peakBytes: number;
}
interface Run {
  readonly rounds: number;
  readonly rows: readonly Row[];
}

const results = JSON.parse(readFileSync(new URL("results.json", import.meta.url), "utf8")) as Record<string, Run>;
const lines = Object.entries(results).flatMap(([name, { rows }]) => {
  const stock = rows.find(({ variant }) => variant === "stock");
  return rows.map(({ variant, milliseconds, peakBytes }) => {
    const less = stock && variant !== "stock" ? `${(stock.peakBytes / peakBytes).toFixed(1)}×` : "";
    const faster = stock && variant !== "stock" ? `${(stock.milliseconds / milliseconds).toFixed(1)}×` : "";
    const mebibytes = (peakBytes / 2 ** 20).toFixed(0);
    return `| ${name} | ${variant} | ${milliseconds.toFixed(0)} | ${mebibytes} | ${less} | ${faster} |`;
  });
});
const table = [
  "| run | variant | ms per step | peak MiB | fewer bytes than stock | faster than stock |",
  "|---|---|---|---|---|---|",
  ...lines,
];

const path = new URL("../README.md", import.meta.url);
const text = readFileSync(path, "utf8");
const marker = /(<!-- bench:frozen-bn -->\n)[\s\S]*?(\n<!-- \/bench -->)/;
if (!marker.test(text)) throw new Error("README.md has no marker bench:frozen-bn.");
writeFileSync(
  path,
  text.replace(marker, (_, open: string, close: string) => open + table.join("\n") + close),
);
