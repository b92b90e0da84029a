/** Writes the measured numbers into README.md, between its markers. Run `npx tsx packages/gradient-surgery/bench/readme.ts`. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Cost } from "./cost.ts";

interface Results {
  readonly machine?: { readonly cpu: string; readonly node: string };
  readonly costs?: readonly (Cost & { readonly combiner: string })[];
  readonly solveMs?: { readonly [method: string]: readonly number[] };
  readonly exact: { readonly [method: string]: { readonly worst: number; readonly cases: number } };
  readonly leaked?: { readonly [method: string]: number };
}
interface Example {
  readonly seeds: readonly number[];
  readonly continual: readonly (readonly { method: string; new: number; old: number }[])[];
  readonly domains: readonly (readonly { method: string; domains: { readonly [name: string]: number } }[])[];
  readonly conflicts: { readonly before: { readonly cosines: readonly (readonly number[])[] } };
}

const read = <T>(path: string): T => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as T;
const { machine, costs, solveMs, exact, leaked } = read<Results>("results.json");
const { seeds, continual, domains, conflicts } = read<Example>("../../../examples/gradient-surgery/results.json");

const percent = (values: readonly number[]): string => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const square = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / Math.max(1, values.length - 1);
  return `${(100 * mean).toFixed(1)} ± ${(100 * Math.sqrt(square)).toFixed(1)}`;
};
const runs = <T>(all: readonly (readonly T[])[], i: number): T[] => all.flatMap((run) => run[i] ?? []);

fill("example", [
  `Accuracy in %, ${seeds.length} seeds, mean ± deviation. Left: the net knows 0–4 and learns 5–9 from 100 images each, with 100 old images in memory (cosine`,
  `of the two tasks before the first step ${conflicts.before.cosines[0]?.[1]?.toFixed(2)} with seed ${seeds[0]}). Right: three domains from scratch.`,
  "",
  "| | new digits | old digits | | three domains | worst domain |",
  "|---|---|---|---|---|---|",
  ...(continual[0] ?? []).map(({ method }, i) => {
    const left = [percent(runs(continual, i).map((r) => r.new)), percent(runs(continual, i).map((r) => r.old))];
    const domain = domains[0]?.[i];
    const values = runs(domains, i).map(({ domains: reached }) => Object.values(reached));
    const means = values.map((v) => v.reduce((a, b) => a + b, 0) / v.length);
    const right = domain ? [domain.method, percent(means), percent(values.map((v) => Math.min(...v)))] : ["", "", ""];
    return `| ${[method, ...left, ...right].join(" | ")} |`;
  }),
]);

// Each part of the bench can be measured separately.
if (costs && solveMs && leaked && machine)
  fill("surgery", [
    `Processor time of a whole step (passes, combiner, descent), divided by that of the m passes only. MobileNetV2 (${((costs[0]?.parameters ?? 0) / 1e6).toFixed(1)} M`,
    `parameters, 96 × 96, batch 8 per task) on wasm, ${machine.cpu}, Node ${machine.node.slice(1)}: ${costs
      .map(({ combiner, tasks, ratio }) => `\`${combiner}\`, ${tasks} tasks × ${ratio}`)
      .join("; ")}.`,
    `Memory after the passes: ${Math.max(...costs.filter(({ combiner, tasks }) => tasks === 2 && combiner !== "graddrop").map(({ gradientSets }) => gradientSets))} sets of gradients for 2 tasks (\`graddrop\` ${costs.find(({ combiner }) => combiner === "graddrop")?.gradientSets}, including its result).`,
    `Time of the problem on the host for 2 / 8 tasks: ${["pcgrad", "upgrad", "mgda", "cagrad", "nash-mtl"].map((name) => `\`${name}\` ${solveMs[name]?.[0]} / ${solveMs[name]?.[2]} ms`).join(", ")}.`,
    `Tensors left after 2,000 steps of each of the ${Object.keys(leaked).length}: ${Object.values(leaked).reduce((a, b) => a + b, 0)} (\`pnpm bench surgery\`).`,
  ]);

fill("exact", [
  `Largest error over the matrices: ${Object.entries(exact)
    .map(([name, { worst }]) => `\`${name}\` ${worst.toExponential(1)}`)
    .join(", ")}.`,
]);

function fill(name: string, lines: readonly string[]): void {
  const path = new URL("../README.md", import.meta.url);
  const text = readFileSync(path, "utf8");
  const marker = new RegExp(`(<!-- bench:${name} -->\n)[\\s\\S]*?(\n<!-- /bench -->)`);
  if (!marker.test(text)) throw new Error(`README.md has no marker bench:${name}.`);
  writeFileSync(
    path,
    text.replace(marker, (_, open: string, close: string) => open + lines.join("\n") + close),
  );
}
