// `pnpm bench webgpu` measures dispatches and time of one update of 160 parameters: Graft's fused kernels compared with stock tfjs on
// the same device. The two take turns. Without a GPU set VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json. Writes
// results.json and the table of the README. Run `pnpm format:write` afterwards.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import "@tensorflow/tfjs-layers";
import * as tf from "@tensorflow/tfjs-core";
import { webgpuBackend } from "../src/node.ts";
import { countDispatches, pairs, timeTurns } from "./updates.ts";

const ROUNDS = 9;
const session = await webgpuBackend({ allowSoftware: true }).init();
tf.env().set("WEBGPU_CPU_FORWARD", false);
interface Figures {
  readonly dispatches: { readonly stock: number; readonly graft: number };
  readonly fewer: number;
  readonly milliseconds: { readonly stock: number; readonly graft: number };
  readonly faster: number;
}
const updates: Record<string, Figures> = {};
for (const pair of pairs) {
  const [stock, graft] = [pair.stock(), pair.graft()];
  // Warm up: the first steps make slots and compile.
  for (const { step } of [stock, graft, stock, graft]) step();
  const dispatches = { stock: countDispatches(stock.step), graft: countDispatches(graft.step) };
  const [slow, fast] = (await timeTurns([stock, graft], () => session.device.queue.onSubmittedWorkDone(), ROUNDS)) as [
    number,
    number,
  ];
  stock.dispose();
  graft.dispose();
  const round = (x: number): number => Number(x.toPrecision(3));
  updates[pair.name] = {
    dispatches,
    fewer: round(dispatches.stock / dispatches.graft),
    milliseconds: { stock: round(slow), graft: round(fast) },
    faster: round(slow / fast),
  };
}
const results = {
  machine: `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} threads, Node ${process.versions.node}`,
  device: session.capabilities.description,
  parameters: 160,
  rounds: ROUNDS,
  updates,
};
writeFileSync(new URL("./results.json", import.meta.url), `${JSON.stringify(results, null, 2)}\n`);
const table = [
  "| rule | dispatches, stock → Graft | ms, stock → Graft | faster |",
  "|---|---|---|---|",
  ...Object.entries(updates).map(
    ([name, { dispatches: d, milliseconds: ms, faster }]) =>
      `| ${name} | ${d.stock} → ${d.graft} | ${ms.stock} → ${ms.graft} | ${faster}× |`,
  ),
  "",
  `(${results.device}; ${results.machine}; median of ${ROUNDS} rounds.)`,
].join("\n");
const readme = new URL("../README.md", import.meta.url);
const text = readFileSync(readme, "utf8");
const marked = /(<!-- bench:backend-webgpu -->\n)[\s\S]*(<!-- \/bench -->)/;
writeFileSync(
  readme,
  text.replace(marked, (_, open: string, close: string) => `${open}${table}\n${close}`),
);
console.log(JSON.stringify(results, null, 2));
await session.dispose();
