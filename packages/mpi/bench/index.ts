// Compares a run on two ranks with one rank, and with PyTorch DDP on the same net and data. Writes bench/results.json and prints a table.
//
//   PYTHON=venv/bin/python tsx packages/mpi/bench/index.ts       needs torch 2.13
//
// Each figure is the median of five runs, taken in turn. The figures count only if nothing else runs on the machine.
import "@tensorflow/tfjs-backend-cpu";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { bundledFrom } from "../test/ranks.ts";
import { writeProblem } from "./problem.ts";

interface Figures {
  readonly ranks: number;
  readonly secondsPerStep: number;
  readonly trunkSeconds: number | null;
  readonly seconds: number;
  readonly bytesPerStep: number;
  readonly loss: number;
}

const RUNS = Number(process.env.RUNS ?? 5);
const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };
const folder = mkdtempSync(join(tmpdir(), "graft-bench-"));
try {
  await writeProblem(folder);
  const rank = await bundledFrom(import.meta.dirname, "rank");
  const lastLine = (program: string, ...args: string[]): Figures => {
    const lines = execFileSync(program, args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).split(
      "\n",
    );
    return JSON.parse(lines.findLast((line) => line.startsWith("{")) ?? "{}") as Figures;
  };
  const graft = (ranks: number) => lastLine("mpirun", "--oversubscribe", "-n", String(ranks), process.execPath, rank);
  const python = process.env.PYTHON ?? "python3";
  const programs: Readonly<Record<string, () => Figures>> = {
    "Graft, 1 rank": () => graft(1),
    "Graft, 2 ranks": () => graft(2),
    "PyTorch DDP (gloo), 2 processes": () => lastLine(python, join(import.meta.dirname, "ddp.py"), folder, "2"),
  };
  const all = Object.fromEntries(Object.keys(programs).map((name) => [name, [] as Figures[]]));
  for (let run = 0; run < RUNS; run++)
    for (const [name, measure] of Object.entries(programs)) all[name]?.push(measure());
  const rows = Object.fromEntries(Object.entries(all).map(([name, figures]) => [name, medians(figures)]));
  const conditions = { cpu: cpus()[0]?.model, cores: cpus().length, load: loadavg()[0], runs: RUNS };
  writeFileSync(join(import.meta.dirname, "results.json"), `${JSON.stringify({ conditions, rows }, null, 2)}\n`);
  console.log(
    "| program | ms per step | trunk, s | bytes per step | seconds to the loss | loss |\n|---|---|---|---|---|---|",
  );
  for (const [name, { secondsPerStep, trunkSeconds, bytesPerStep, seconds, loss }] of Object.entries(rows))
    console.log(
      `| ${name} | ${(secondsPerStep * 1000).toFixed(1)} | ${trunkSeconds === null ? "in each step" : trunkSeconds.toFixed(2)} | ${bytesPerStep} | ${seconds.toFixed(2)} | ${loss.toFixed(4)} |`,
    );
} finally {
  rmSync(folder, { recursive: true });
}

function medians(figures: readonly Figures[]): Figures {
  const of = (key: keyof Figures): number => {
    const sorted = figures.map((one) => Number(one[key])).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] as number;
  };
  const [first] = figures as [Figures];
  return {
    ranks: first.ranks,
    secondsPerStep: of("secondsPerStep"),
    trunkSeconds: first.trunkSeconds === null ? null : of("trunkSeconds"),
    seconds: of("seconds"),
    bytesPerStep: first.bytesPerStep,
    loss: first.loss,
  };
}
